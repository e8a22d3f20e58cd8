// A plane whose sites reach everything over ways of their own: proxies to each cell, the service,
// an anchor and the peer.

import http from 'node:http'
import { makePlane, SITES } from './plane.mjs'
import { Proxy } from './proxy.mjs'
import { CELLS } from './region.mjs'

/** Whoever makes it closes it; that ends its sites too. */
export async function makeWays({ bucket, folder, main, region, timing }) {
  const anchor = http.createServer((_, response) => response.end('here\n'))
  await new Promise((done) => anchor.listen(0, '127.0.0.1', done))
  const proxies = new Map()
  const plane = await makePlane({
    bucket,
    folder,
    main,
    timing,
    waysOf: async (name, sitePorts) => {
      const peer = SITES.find((other) => other !== name)
      const targets = new Map([
        ...region.ports,
        ['service', region.servicePort],
        ['anchor', anchor.address().port],
        ['peer', sitePorts.get(peer)],
      ])
      const own = new Map()
      for (const [place, port] of targets) own.set(place, await Proxy.open(port))
      proxies.set(name, own)
      const originOf = (place) => own.get(place).origin
      return {
        ...Object.fromEntries(CELLS.map((cell) => [cell, originOf(cell)])),
        service: originOf('service'),
        anchors: [originOf('anchor')],
        peer: originOf('peer'),
      }
    },
  })
  return new Ways(plane, proxies, anchor)
}

class Ways {
  #proxies
  #anchor
  plane

  constructor(plane, proxies, anchor) {
    this.plane = plane
    this.#proxies = proxies
    this.#anchor = anchor
  }

  /** A fault of a place: on the ways of all sites. */
  break(place, fault) {
    for (const own of this.#proxies.values()) own.get(place).break(fault)
  }

  mend(place) {
    for (const own of this.#proxies.values()) own.get(place).heal()
  }

  /** A fault of a site's own network: nothing gets out of it, and no other site in. */
  breakSite(name, fault) {
    for (const [site, own] of this.#proxies) {
      if (site === name) for (const proxy of own.values()) proxy.break(fault)
      else own.get('peer').break(fault)
    }
  }

  heal() {
    for (const own of this.#proxies.values()) for (const proxy of own.values()) proxy.heal()
  }

  async close() {
    for (const site of this.plane.sites.values()) await site.kill()
    for (const own of this.#proxies.values()) for (const proxy of own.values()) proxy.close()
    this.#anchor.close()
  }
}
