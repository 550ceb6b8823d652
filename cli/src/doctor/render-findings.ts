import { toPlainLine, wrap } from '../terminal/fit-text.ts'
import type { Output, TextStyle } from '../terminal/terminal.ts'
import type { NamedFinding, Verdict } from './check.ts'

const styles: Readonly<Record<Verdict, TextStyle>> = { ok: 'green', advice: 'yellow', problem: 'red', unchecked: 'dim' }

/** In the order in which a reader wants them. */
const verdicts: readonly Verdict[] = ['problem', 'advice', 'unchecked', 'ok']

const columnOfText = 11
const linesMax = 8

export function countVerdicts(findings: readonly NamedFinding[]): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict) => findings.filter(finding => finding.verdict === verdict).length
  return { ok: count('ok'), advice: count('advice'), problem: count('problem'), unchecked: count('unchecked') }
}

/** What is wrong first; under each finding what to do. */
export function renderFindings(findings: readonly NamedFinding[], output: Output): string[] {
  const counts = countVerdicts(findings)
  const lines = verdicts.flatMap(verdict =>
    findings.filter(finding => finding.verdict === verdict).flatMap(finding => renderFinding(finding, output)),
  )
  const summary = verdicts.filter(verdict => counts[verdict] > 0).map(verdict => `${counts[verdict]} ${verdict}`)
  return [...lines, '', output.style('bold', summary.join(', '))]
}

function renderFinding({ verdict, check, says, todo }: NamedFinding, output: Output): string[] {
  const width = output.columns - columnOfText
  const text = wrap(toPlainLine(`${check}: ${says}`), width, linesMax)
  const mend = todo === null ? [] : wrap(toPlainLine(`-> ${todo}`), width, linesMax)
  const margin = ' '.repeat(columnOfText)
  const [first = '', ...rest] = text
  const mark = output.style(styles[verdict], verdict.padEnd(columnOfText))
  return [
    `${mark}${first}`,
    ...rest.map(line => margin + line),
    ...mend.map(line => margin + output.style('dim', line)),
  ]
}
