/** A node's configuration. Precedence: flags, then environment, then file, then defaults. */

export interface Config {
  /** Identity, modules and the control socket live here. */
  dataDir: string
  /** Multiaddrs to listen on. */
  listen: string[]
  /** Multiaddrs of peers to stay connected to. */
  peers: string[]
  /** Find peers on the LAN by multicast DNS. */
  mdns: boolean
  /** Sandboxes that run tasks at the same time; 0: this node only submits. */
  workerCount: number
  /** Largest memory that a task may have here. */
  memoryLimitBytes: number
  /** Budget of the module store. */
  storeBytes: number
  /** Lets this node, as a worker, fetch modules from loopback, private and link-local addresses. */
  allowPrivateUrls: boolean
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug'
}
