/** Which URLs may be fetched, and which addresses their names may lead to. */
import { lookup as dnsLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { CorebrumError } from '../errors.ts'

/** `user`: what the person at this machine named; `worker`: what somebody else's task names. */
export type UrlPolicy = 'user' | 'worker'

const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')
const MAX_SHOWN = 200

/** A URL as it is shown in messages. */
export function shownUrl (url: string): string {
  return url.length > MAX_SHOWN ? `${url.slice(0, MAX_SHOWN)}…` : url
}

/** Checks a URL's form, and its host when that is an address. Throws ERR_URL_REFUSED. */
export function checkUrl (text: string, publicOnly: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const refuse = (why: string): CorebrumError => new CorebrumError('ERR_URL_REFUSED', `${shownUrl(text)}: ${why}`)
  if (url === undefined) throw refuse('this is not a URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse(`only http and https URLs can be fetched, not ${url.protocol}`)
  if (url.username !== '' || url.password !== '') throw new CorebrumError('ERR_URL_REFUSED', `the URL of ${url.host} holds a user name or password; workers would see it, so fetch the file yourself and name the file`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (publicOnly && ipaddr.isValid(host)) {
    const range = refusedRange(host)
    if (range !== undefined) throw refusedAddress(host, host, range)
  }
  return url
}

/** The kind of an address that a worker must not call; undefined for one on the public internet. */
export function refusedRange (address: string): string | undefined {
  const parsed = ipaddr.process(address)
  const range = parsed.range()
  if (range !== 'unicast') return range
  // Old forms such as ::127.0.0.1 count as unicast but are not on the public internet.
  return parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_IPV6) ? 'reserved' : undefined
}

export type Resolve = typeof dnsLookup

/**
 * A lookup for sockets that gives only public addresses: the address that was checked is the one that is connected to,
 * so a name that resolves differently the second time gains nothing.
 */
export function publicLookup (resolve: Resolve = dnsLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const allowed = addresses.filter(({ address }) => refusedRange(address) === undefined)
      const [first] = allowed
      if (first === undefined) {
        const found = addresses[0]?.address
        const range = found === undefined ? undefined : refusedRange(found)
        if (found === undefined || range === undefined) return callback(new CorebrumError('ERR_URL_FAILED', `${hostname} has no address`), [])
        return callback(refusedAddress(hostname, found, range), [])
      }
      if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

function refusedAddress (host: string, address: string, range: string): CorebrumError {
  const where = host === address ? address : `${host} (${address})`
  return new CorebrumError('ERR_URL_REFUSED', `${where} is a ${range} address, which this worker does not call for others; start it with --allow-private-urls to allow that`)
}
