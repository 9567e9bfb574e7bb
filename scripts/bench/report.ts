/** The results for people and for programs: a table, JSON, and what kind of machine it was. */
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Figure } from './row.ts'

export interface Machine {
  processor: string
  cores: number
  memoryGiB: number
  node: string
  v8: string
  platform: string
}

export interface Results {
  startedAt: string
  quick: boolean
  machine: Machine
  figures: Array<Figure & { row: string }>
}

export function describeMachine (): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
  }
}

/** A Markdown table, aligned, so that it reads well in a terminal and can stand in the README. */
export function formatTable ({ machine, figures }: Results): string {
  const { processor, cores, memoryGiB, node, platform } = machine
  const head = ['figure', 'measured', 'baseline', 'ratio', 'target', 'met']
  const rows = figures.map(({ what, measured, unit, baseline, ratio, target, met }) => [
    what,
    `${number(measured)} ${unit}`,
    baseline === undefined ? '' : `${number(baseline.value)} ${unit} (${baseline.what})`,
    ratio === undefined ? '' : `${number(ratio)} x`,
    target,
    met ? 'yes' : 'NO',
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  const machineLine = `${processor}, ${cores} cores, ${memoryGiB} GiB, Node ${node}, ${platform}; both processes on this machine`
  return [machineLine, '', line(head), rule, ...rows.map(line)].join('\n')
}

/** The further observations of a figure, one line. */
export function formatDetails ({ details }: Figure): string {
  return Object.entries(details).map(([name, value]) => `${name} ${typeof value === 'number' ? number(value) : value}`).join(', ')
}

/** Three digits that count. */
export function number (value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
