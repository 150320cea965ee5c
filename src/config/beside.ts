// Paths in the configuration are relative to the configuration file, so that it does not matter where the gateway is started.

/** `server.pem` beside `/etc/fairlead/fairlead.yaml` is `/etc/fairlead/server.pem`. Absolute paths stay; so does everything when there is no file. */
export function beside(file: string, path: string): string {
  if (/^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)) return path
  const end = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'))
  return end < 0 ? path : file.slice(0, end + 1) + path
}
