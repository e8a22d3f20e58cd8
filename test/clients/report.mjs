// The report of a run: versions, one table of client × protocol × case, reasons, and the tally.

const SHORT = { ok: 'ok', failed: 'FAILED', skipped: 'skipped' }

function printRows(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
  }
}

/** A row for each case, a column for each client and protocol; `·`: not a case of that client. */
function printTable(results) {
  const columns = [...new Set(results.map(({ client, protocol }) => `${client} ${protocol}`))]
  const cases = [...new Set(results.map((result) => result.case))]
  const cells = new Map(
    results.map((result) => [
      `${result.client} ${result.protocol} ${result.case}`,
      SHORT[result.status],
    ]),
  )
  // As many columns as a wide terminal shows; a client's protocols stay together.
  for (let from = 0; from < columns.length; from += 8) {
    const shown = columns.slice(from, from + 8)
    const rows = cases.map((name) => [
      name,
      ...shown.map((column) => cells.get(`${column} ${name}`) ?? '·'),
    ])
    console.log()
    printRows([['', ...shown], ...rows.filter((row) => row.slice(1).some((cell) => cell !== '·'))])
  }
}

/** Cases of one status with their reasons; cases and protocols of one reason stand on one line. */
function printReasons(results, status) {
  const groups = new Map()
  for (const result of results.filter((each) => each.status === status)) {
    const group = `${result.client}: ${result.reason}`
    groups.set(group, [...(groups.get(group) ?? []), result])
  }
  if (groups.size > 0) console.log(`\n${status}:`)
  for (const [group, members] of groups) {
    const cases = [...new Set(members.map((result) => result.case))].join(', ')
    const protocols = [...new Set(members.map(({ protocol }) => protocol))].join(', ')
    console.log(`  ${group} [${cases}; ${protocols}]`)
  }
}

/** Prints all and answers how many failed. */
export function printReport({ versions, results }) {
  console.log()
  printRows(versions.map(([client, version]) => [client, version]))
  printTable(results)
  printReasons(results, 'skipped')
  printReasons(results, 'failed')
  const count = (status) => results.filter((result) => result.status === status).length
  console.log(`\n${count('ok')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
  return count('failed')
}
