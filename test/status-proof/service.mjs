// A service that depends on the region: well while it can read its own object, else 503. A process of
// its own; it says `ready` on its standard output.
//
//   node service.mjs PORT ENDPOINT BUCKET KEY    with HOLDFAST_ACCESS_KEY and HOLDFAST_SECRET_KEY

import http from 'node:http'
import { openS3 } from '../clients/harness/s3.mjs'

const [port, endpoint, bucket, key] = process.argv.slice(2)
const { HOLDFAST_ACCESS_KEY: access, HOLDFAST_SECRET_KEY: secret } = process.env
const s3 = openS3({ endpoint, credentials: { access, secret }, timeoutMs: 2000 })

async function readOwn() {
  try {
    return (await s3.get(bucket, key)).length > 0
  } catch {
    return false
  }
}

const server = http.createServer(async (_, response) => {
  const isWell = await readOwn()
  response.writeHead(isWell ? 200 : 503, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ status: isWell ? 'operational' : 'not-ready' }))
})
server.listen(Number(port), '127.0.0.1', () => console.log('ready'))
