// How large a piece of a body is moved at once: it follows how many bodies are moved.

import { BLOCK_SIZE_BYTES, PIECE_SIZE_BYTES, STREAMS_PER_WORKER_MAX } from '../base/limits.ts'

/** How many blobs this process streams, in and out: many share the buffers in smaller pieces. */
export interface StreamCount {
  open: number
}

/** A large piece each while few are open, else a small one: the pool is never used up by slow ones. */
export function pieceSizeBytes(streams: StreamCount): number {
  return streams.open > STREAMS_PER_WORKER_MAX ? BLOCK_SIZE_BYTES : PIECE_SIZE_BYTES
}
