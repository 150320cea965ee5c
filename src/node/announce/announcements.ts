// Everything that this gateway announces itself to, as the configuration says: only Eureka has a word for it.
import { hostname, networkInterfaces } from 'node:os'
import type { AnnouncementView } from '../../model/admin.ts'
import type { Config } from '../../model/config.ts'
import type { ListenerConfig } from '../../model/listener-config.ts'
import type { Platform } from '../../model/platform.ts'
import { eurekaOptions, type EurekaOptions } from '../../../discovery/eureka/options.ts'
import { createServers } from '../../../discovery/eureka/servers.ts'
import { Announcement } from './announcement.ts'
import { eurekaRegistrar, type GatewayInstance } from './eureka-registrar.ts'

/** All announcements of a gateway together. */
export interface Announcements {
  /** Begins with the ports that listeners have. */
  start(ports: Readonly<Record<string, number>>): void
  /** Says everywhere that the gateway drains, and waits as long as that takes to be heard. */
  drain(): Promise<void>
  /** Removes it everywhere. */
  leave(): Promise<void>
  views(): readonly AnnouncementView[]
}

/** The announcements of a configuration. `ready` says whether a registry may be told of the gateway. */
export function createAnnouncements(config: Config, platform: Platform, ready: (registry: string) => boolean): Announcements {
  let all: readonly Announcement[] = []
  return {
    start(ports) {
      all = config.registries.flatMap(({ name, type, options }) => (type === 'eureka' ? announcementAt(name, eurekaOptions.parse(options), config.listeners, ports, platform, () => ready(name)) : []))
      for (const announcement of all) announcement.start()
    },
    drain: async () => void (await Promise.all(all.map((announcement) => announcement.drain()))),
    leave: async () => void (await Promise.all(all.map((announcement) => announcement.leave()))),
    views: () => all.map(({ view }) => view),
  }
}

function announcementAt(registry: string, options: EurekaOptions, listeners: readonly ListenerConfig[], ports: Readonly<Record<string, number>>, platform: Platform, ready: () => boolean): Announcement[] {
  const { announce } = options
  if (announce === undefined) return []
  const listener = announce.listener === undefined ? listeners[0] : listeners.find(({ name }) => name === announce.listener)
  const host = announce.host ?? hostname()
  const app = announce.app.toUpperCase()
  const port = announce.port ?? ports[listener?.name ?? ''] ?? 0
  const instance: GatewayInstance = {
    app,
    // As Spring Cloud names its own, so that two gateways of one machine are two.
    instanceId: `${host}:${announce.app.toLowerCase()}:${port}`,
    host,
    ip: announce.ip ?? addressOf(listener),
    port,
    secure: listener?.tls !== undefined,
    vip: announce.vip ?? announce.app.toLowerCase(),
    meta: { ...(options.zone === undefined ? {} : { zone: options.zone }), ...announce.meta },
    heartbeat: announce.heartbeat,
  }
  const connect = async () => {
    if (listener === undefined) throw new Error(`announce.listener: there is no listener ${announce.listener}; there is ${listeners.map(({ name }) => name).join(', ')}`)
    return eurekaRegistrar({ servers: createServers(options, platform).order(), tls: options.tls, instance, platform })
  }
  return [new Announcement(platform, { registry, instance: `${app}/${instance.instanceId}`, heartbeat: announce.heartbeat, drain: announce.drain, ready, connect })]
}

// The one that the listener is bound to, if it is one; else the first by which others can reach this machine.
function addressOf(listener: ListenerConfig | undefined): string {
  const { host } = listener ?? {}
  if (host !== undefined && host !== '0.0.0.0' && host !== '::' && /^[\d.]+$|:/.test(host)) return host
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []).filter(({ internal }) => !internal)
  return (addresses.find(({ family }) => family === 'IPv4') ?? addresses[0])?.address ?? '127.0.0.1'
}
