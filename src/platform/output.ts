// Standard output as a log's end: whole lines, never waited for.

/** Writes lines to standard output. */
export function appendToOutput(lines: string): void {
  process.stdout.write(lines)
}
