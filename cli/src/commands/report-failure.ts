import { NotReachable } from '@hypershard/client'
import type { Problem } from '@hypershard/contract'
import { ProcessFailure } from '@hypershard/local-cluster'
import { problemOf } from '../api/problem.ts'
import { shorten, toPlainLine } from '../terminal/fit-text.ts'
import { formatDuration } from '../terminal/format-number.ts'
import type { Output, Terminal } from '../terminal/terminal.ts'

/** What to do next, where this program knows more than the failure's own message. */
const adviceByCode: Readonly<Record<string, string>> = Object.freeze({
  index_not_found: 'see `npx hypershard index list`, or make it with `index create <name>`',
  model_not_found: '`npx hypershard model list` shows the models of this cluster',
  model_not_served: '`npx hypershard cluster` names every such index; `npx hypershard reindex <index>` builds one anew',
  index_exists: 'to delete it: `npx hypershard index delete <name>`',
  insufficient_coverage: '`npx hypershard cluster` shows what is down; `search --min-coverage` takes less',
  unauthenticated: 'set HYPERSHARD_API_KEY, or give --key-file; `npx hypershard key create` makes a key',
  forbidden: '`npx hypershard key list` shows what each key may do; another may, or make one with `key create`',
  overloaded: 'try again in a moment',
})

/** One line that says what failed and one that says what to do; with `--json` the problem on standard output. */
export function reportFailure(error: unknown, terminal: Terminal, json: boolean, usageHint?: string): void {
  const problem = problemOf(error)
  if (json) {
    terminal.out.line(JSON.stringify(problem, null, 2))
    return
  }
  terminal.notes.line(`${terminal.notes.style('red', 'error:')} ${problem.code}: ${toPlainLine(problem.detail)}`)
  const advice = error instanceof NotReachable ? unreachableAdvice(problem.code) : adviceOf(problem)
  const hint = usageHint ?? advice
  if (hint !== undefined) terminal.notes.line(`  ${hint}`)
  if (error instanceof ProcessFailure) showLog(error, terminal.notes)
}

/** A name that is an alias is neither made nor deleted as an index is. */
function adviceOf({ code, details }: Problem): string | undefined {
  const { alias, retry_after_ms: retryAfterMs } = details
  if (code === 'rate_limited' && typeof retryAfterMs === 'number') return `try again in ${formatDuration(retryAfterMs)}`
  if (typeof alias !== 'string') return adviceByCode[code]
  return `\`npx hypershard alias set ${alias}=<index>\` moves the alias, \`alias remove ${alias}\` removes it`
}

function showLog({ details, logLines }: ProcessFailure, notes: Output): void {
  notes.line(`the end of ${details.log}:`)
  for (const line of logLines) notes.line(notes.style('dim', `  ${shorten(toPlainLine(line), notes.columns - 2)}`))
}

function unreachableAdvice(code: string): string | undefined {
  if (code !== 'unavailable') return undefined
  return 'start one with `npx hypershard up`, or say where one runs with --url'
}
