// What the site is compared with: node:http, which answers everything with the same bytes. Takes the
// file of an answer; prints its port.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { argv } from 'node:process'

const { body: base64, headers, status } = JSON.parse(readFileSync(argv[2], 'utf8'))
const body = Buffer.from(base64, 'base64')

const server = createServer({ keepAliveTimeout: 65_000 }, (_, response) => {
  response.writeHead(status, headers)
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
