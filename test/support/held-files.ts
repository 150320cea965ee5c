// Files that hang whoever opens them, as a file system does whose server is gone: Linux lets an opener wait for whoever has a
// lease on a file (fcntl(2), F_SETLEASE), for 45 s at most. Perl takes it, since Node has no fcntl.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** 1024 is F_SETLEASE and 1 F_WRLCK. A file that somebody reads right now has to be asked for again. */
const HOLD = `
$SIG{IO} = 'IGNORE';
$| = 1;
for my $path (@ARGV) {
  open(my $file, '+<', $path) or die "$path: $!";
  my $left = 200;
  until (fcntl($file, 1024, 1)) { die "$path: $!" if $left-- == 0; select(undef, undef, undef, 0.01) }
  seek($file, 0, 2);
  print $file "# held\\n";
  push @held, $file;
  $file->flush;
}
print "held\\n";
sleep 60;
`

/** Whether this machine has what it takes. */
export const canHoldFiles: boolean = process.platform === 'linux' && spawnSync('perl', ['-e', '1'], { stdio: 'ignore' }).status === 0
if (!canHoldFiles) console.warn('SKIPPED: files that hang need Linux and perl')

/** Takes hold of files that exist, and changes each by a comment in its end. Gives what lets go of them again. */
export async function holdFiles(paths: readonly string[]): Promise<() => Promise<void>> {
  const holder = spawn('perl', ['-MIO::Handle', '-e', HOLD, ...paths], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(holder, 'exit')
  const [said] = (await Promise.race([once(holder.stdout, 'data'), ended])) as [unknown]
  if (!(said instanceof Buffer)) throw new Error(`perl could not take hold of ${paths.join(', ')}`)
  return async () => {
    holder.kill()
    await ended
  }
}
