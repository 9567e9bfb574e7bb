/** Plain tables: columns of equal width, two blanks apart, no lines, so that they are easy to read and to cut. */

export type Align = 'left' | 'right'

export interface Column {
  title: string
  align?: Align
}

export function table (columns: readonly Column[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = columns.map((column, i) => Math.max(column.title.length, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (cells: readonly string[]): string => columns.map((column, i) => {
    const width = widths[i] ?? 0
    const cell = cells[i] ?? ''
    return column.align === 'right' ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ').trimEnd()
  return [line(columns.map((column) => column.title)), ...rows.map(line)].join('\n')
}

/** Bytes as people read them: `64 KiB`, `1.5 MiB`. */
export function bytes (count: number | undefined): string {
  if (count === undefined) return '-'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = count
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`
}
