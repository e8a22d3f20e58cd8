// Answers what is no HTTP, or too much of it: there is no request to answer, only a socket.

import type { Duplex } from 'node:stream'
import { renderError } from '../s3/error-xml.ts'
import { S3Error } from '../s3/s3-error.ts'
import type { Services } from './services.ts'

/** Writes an error and ends the connection, whose next bytes could be anything. */
export function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  services: Pick<Services, 'newRequestId' | 'hostId' | 'date' | 'metrics'>,
): void {
  // Bytes written before mean that an answer may be under way on this connection.
  if (!socket.writable || error.code === 'ECONNRESET' || hasAnswered(socket)) {
    socket.destroy()
    return
  }
  const answer = errorFor(error)
  const requestId = services.newRequestId()
  const { hostId } = services
  const body = renderError(answer, { requestId, hostId, resource: null })
  services.metrics.record(null, answer.status, { durationMs: 0, bytesIn: 0, bytesOut: body.length })
  socket.end(
    `HTTP/1.1 ${answer.status} Bad Request\r\nx-amz-request-id: ${requestId}\r\n` +
      `x-amz-id-2: ${hostId}\r\nDate: ${services.date.text()}\r\nServer: Holdfast\r\n` +
      'Content-Type: application/xml\r\nConnection: close\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function errorFor(error: NodeJS.ErrnoException): S3Error {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new S3Error('MaxMessageLengthExceeded', {
        message: 'The request line and headers are longer than this server takes.',
      })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new S3Error('RequestTimeout')
    default:
      return new S3Error('BadRequest', { message: 'The request is not valid HTTP.' })
  }
}

/** Node's own handler looks at the same: the answer that the socket is writing now. */
function hasAnswered(
  socket: Duplex & { _httpMessage?: { headersSent?: boolean } | null },
): boolean {
  return socket._httpMessage?.headersSent === true
}
