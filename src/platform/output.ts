// Standard output as a log's end: whole lines, never waited for.

/** Writes lines to standard output; where its reader is gone they are lost, and that is all. */
export function appendToOutput(lines: string): void {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined)
  process.stdout.write(lines)
}
