/**
 * `npm run survey`: the source tree in numbers. What workspaces import of each other, circles of files, and how long
 * files and functions are. Exits with 1 where there is a circle; knip, which runs before it, refuses undeclared imports.
 */
import { findCircles, measureFunctions } from '../test/tidy/measure-sources.ts'
import { readSourceFiles, workspaceOf } from '../test/tidy/source-files.ts'

const files = readSourceFiles()
const production = files.filter(
  ({ path }) => !path.endsWith('.test.ts') && !path.includes('/testing/') && !/^(test|harness|scripts)\//.test(path),
)

console.log('what each package imports of the others (without tests)')
for (const [workspace, theirs] of Map.groupBy(production, ({ path }) => workspaceOf(path))) {
  const named = theirs.flatMap(({ imports }) => imports.map(name => /^@hypershard\/([\w-]+)/.exec(name)?.[1]))
  const others = [...new Set(named)].filter(name => name !== undefined && name !== workspace).sort()
  console.log(`  ${workspace.padEnd(16)} ${others.join(', ') || '-'}`)
}

const circles = findCircles(files)
console.log(`circles of files: ${circles.length}`)
for (const circle of circles) console.log(`  ${circle.join(' > ')}`)

tell(
  'lines of a file',
  production.map(({ path, text }) => ({ path, lines: text.split('\n').length })),
)
tell(
  'lines of a function',
  production.flatMap(measureFunctions).map(({ path, line, lines }) => ({ path: `${path}:${line}`, lines })),
)
process.exitCode = circles.length > 0 ? 1 : 0

function tell(what: string, measured: readonly { readonly path: string; readonly lines: number }[]): void {
  const sorted = [...measured].sort((a, b) => a.lines - b.lines)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  const [median, high, longest] = [at(0.5), at(0.9), at(1)]
  console.log(
    `${what}: median ${median?.lines}, 90 % at most ${high?.lines}, longest ${longest?.lines} (${longest?.path}), of ${sorted.length}`,
  )
}
