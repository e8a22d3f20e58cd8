// A channel of plain values between two processes of one machine, over a unix socket. What is sent
// in one turn of the event loop travels as one frame: u32 length, then a structured clone of the
// values' list. Order is kept; a broken frame or peer closes the channel, and that is all one sees.

import { chmodSync, rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'

const FRAME_HEADER_SIZE_BYTES = 4
/** A batch of the largest operations stays far below this; more is a broken peer. */
const FRAME_SIZE_BYTES_MAX = 256 * 1024 * 1024
/** The kernel's sun_path, its end mark included, is 108 bytes. */
const SOCKET_PATH_SIZE_BYTES_MAX = 107

export interface Channel {
  /** Sends a structured-clonable value; values of one turn share a frame. No-op once closed. */
  send(value: unknown): void
  onValue(receive: (value: unknown) => void): void
  /** Called once, when either side has ended. */
  onClose(closed: () => void): void
  /** Stops at once; what was not yet read is lost. */
  destroy(): void
  /** Sends what is queued, then ends. */
  end(): void
}

export interface ChannelServer {
  close(): Promise<void>
}

/** Serves channels at a unix socket that only this user may open; replaces a dead one. */
export async function listenChannel(
  path: string,
  accept: (channel: Channel) => void,
): Promise<ChannelServer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    accept(openChannel(socket))
  })
  await inFolderOf(path, async (name) => {
    rmSync(name, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      // Exclusive: a worker of the runtime's cluster would have its parent listen and deal.
      server.listen({ path: name, exclusive: true }, resolve)
    })
    chmodSync(name, 0o600)
  })
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Connects to a channel's socket. @throws the kernel's error (ENOENT, ECONNREFUSED) */
export async function connectChannel(path: string): Promise<Channel> {
  return await inFolderOf(path, async (name) => {
    const socket = createConnection(name)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return openChannel(socket)
  })
}

/** A path too long for the kernel is reached from its folder, by its name alone. */
async function inFolderOf<T>(path: string, act: (name: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= SOCKET_PATH_SIZE_BYTES_MAX) return await act(path)
  const before = process.cwd()
  process.chdir(dirname(path))
  try {
    return await act(basename(path))
  } finally {
    process.chdir(before)
  }
}

function openChannel(socket: Socket): Channel {
  let queued: unknown[] = []
  let receive: (value: unknown) => void = () => undefined
  const flush = (): void => {
    const values = queued
    queued = []
    if (values.length === 0 || socket.destroyed) return
    const body = serialize(values)
    const head = Buffer.allocUnsafe(FRAME_HEADER_SIZE_BYTES)
    head.writeUInt32LE(body.length)
    socket.cork()
    socket.write(head)
    socket.write(body)
    socket.uncork()
  }
  readFrames(socket, (frame) => {
    for (const value of deserialize(frame) as unknown[]) receive(value)
  })
  socket.on('error', () => socket.destroy())
  return {
    send: (value) => {
      if (queued.push(value) === 1) setImmediate(flush)
    },
    onValue: (callback) => {
      receive = callback
    },
    onClose: (closed) => {
      if (socket.destroyed) setImmediate(closed)
      else socket.once('close', closed)
    },
    destroy: () => socket.destroy(),
    end: () => {
      flush()
      socket.end()
    },
  }
}

/** Cuts a stream into frames; a frame over the limit destroys the socket. */
function readFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let pieces: Buffer[] = []
  let size = 0
  let needed = FRAME_HEADER_SIZE_BYTES
  let isHeader = true
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece)
    size += piece.length
    if (size < needed) return
    let all = pieces.length === 1 ? piece : Buffer.concat(pieces, size)
    while (all.length >= needed) {
      const unit = all.subarray(0, needed)
      all = all.subarray(needed)
      needed = isHeader ? unit.readUInt32LE(0) : FRAME_HEADER_SIZE_BYTES
      if (!isHeader) onFrame(unit)
      isHeader = !isHeader
      if (needed > FRAME_SIZE_BYTES_MAX) {
        socket.destroy()
        return
      }
    }
    pieces = all.length === 0 ? [] : [all]
    size = all.length
  })
}
