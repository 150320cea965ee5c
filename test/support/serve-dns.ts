// A name server of a test's own behind real sockets: for answers that no real one gives, such as another set each time, datagrams
// that are forged or broken, and none at all.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { decode } from 'dns-packet'
import { written, type DnsReplied } from './fake-dns.ts'

/** One question that came. */
interface ServedQuestion {
  readonly tcp: boolean
  readonly name: string
  readonly type: string
}

/** What it says, in order; bytes are sent as they are. By TCP only the first, and without any the connection is closed. */
export type DnsVoice = (question: ServedQuestion) => readonly (DnsReplied | Uint8Array)[]

/** How what it says gets to who asked. */
interface DnsWay {
  /** Milliseconds after the question, default 0. */
  readonly late?: number
  /** So many bytes of an answer by TCP, then the connection ends; default all of them. */
  readonly cut?: number
  /** So many bytes of an answer by TCP at a time, one such piece each 10 ms; default all at once. */
  readonly trickle?: number
}

export interface ServedDns {
  /** `host:port`, for UDP and TCP. */
  readonly address: string
  /** Replaces what it says. */
  speak(voice: DnsVoice): void
  /** Replaces the way of what it says from now on. */
  goes(way: DnsWay): void
  stop(): Promise<void>
}

const UDP_DEFAULT = 512
const MAX_TCP = 65_535

/** Starts one on a free port of 127.0.0.1 that says nothing until it is told what. */
export async function serveDns(): Promise<ServedDns> {
  let voice: DnsVoice = () => []
  let way: DnsWay = {}
  const say = (message: Uint8Array, tcp: boolean): Uint8Array[] => {
    const query = decode(Buffer.from(message))
    const [question] = query.questions ?? []
    const opt = query.additionals?.find((record) => record.type === 'OPT')
    const limit = tcp ? MAX_TCP : opt?.type === 'OPT' ? opt.udpPayloadSize : UDP_DEFAULT
    return voice({ tcp, name: question?.name ?? '', type: question?.type ?? '' }).map((said) => (said instanceof Uint8Array ? said : written(query, said, limit)))
  }
  const connections = new Set<Socket>()
  const tcp = createServer((socket) => {
    connections.add(socket)
    socket.on('error', () => {}).on('close', () => connections.delete(socket))
    socket.on('data', (bytes: Buffer) => {
      // Questions are small: each comes in one piece, behind its length.
      const [said] = say(bytes.subarray(2), true)
      void answer(socket, said === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([said.length >> 8, said.length & 255]), said]), way)
    })
  })
  const udp = createSocket('udp4')
  let open = true
  udp.on('message', (bytes, { port, address }) => {
    const said = say(bytes, false)
    void after(way.late).then(() => open && said.forEach((one) => udp.send(one, port, address)))
  })
  const port = await listen(tcp, (wanted) => new Promise<boolean>((resolve) => udp.once('error', () => resolve(false)).bind(wanted, '127.0.0.1', () => resolve(true))))
  return {
    address: `127.0.0.1:${port}`,
    speak: (next) => void (voice = next),
    goes: (next) => void (way = next),
    async stop() {
      open = false
      const closed = Promise.all([once(tcp, 'close'), once(udp, 'close')])
      tcp.close()
      udp.close()
      for (const socket of connections) socket.destroy()
      await closed
    },
  }
}

/** Says this by TCP, and ends the connection. */
async function answer(socket: Socket, bytes: Buffer, { late, cut = bytes.length, trickle = bytes.length }: DnsWay): Promise<void> {
  await after(late)
  for (let at = 0; at < cut && !socket.destroyed; at += trickle) {
    if (at > 0) await after(10)
    socket.write(bytes.subarray(at, Math.min(at + trickle, cut)))
  }
  socket.end()
}

const after = (ms = 0): Promise<void> => (ms === 0 ? Promise.resolve() : sleep(ms))

/** Listens on a port that is free for both. */
async function listen(tcp: Server, bind: (port: number) => Promise<boolean>): Promise<number> {
  for (;;) {
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as AddressInfo
    if (await bind(port)) return port
    const closed = once(tcp, 'close')
    tcp.close()
    await closed
  }
}
