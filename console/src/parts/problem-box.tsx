import { ClientError, ServerProblem } from '@hypershard/client'
import { printExact } from '../api/parse-exact.ts'
import { Button } from './button.tsx'
import { Notice } from './notice.tsx'
import { Shown } from './shown.tsx'

export interface ProblemBoxProps {
  /** Whatever was thrown; nothing is shown of `undefined`. */
  readonly error: unknown
  /** What was to be done, as a beginning of a sentence: `the search`. */
  readonly what?: string
  readonly onRetry?: () => void
}

/** How much of a message is shown. */
const messageCharactersMax = 2_000

/** What failed, why, and what can be done: the coordinator's own words, its code, and the facts behind them. */
export function ProblemBox({ error, what, onRetry }: ProblemBoxProps) {
  if (error === undefined) return null
  const problem = error instanceof ServerProblem ? error.problem : undefined
  const code = error instanceof ClientError ? error.code : 'internal'
  const message = error instanceof Error ? error.message : String(error)
  const facts = problem === undefined || Object.keys(problem.details).length === 0 ? undefined : problem.details
  return (
    <Notice tone="bad">
      <div class="problem">
        <div class="row apart">
          <strong>
            {what === undefined ? '' : `${what}: `}
            {problem?.title ?? 'No answer'}
          </strong>
          <span class="tag bad mono">{code}</span>
        </div>
        <p>
          <Shown text={message} max={messageCharactersMax} />
        </p>
        {(facts !== undefined || problem?.request_id !== undefined) && (
          <details>
            <summary>Details</summary>
            {problem?.request_id !== undefined && (
              <p class="small">
                Request <span class="mono">{problem.request_id}</span>, as all logs call it
              </p>
            )}
            {facts !== undefined && (
              <pre class="code">
                <Shown text={printExact(facts, 2)} max={20_000} />
              </pre>
            )}
          </details>
        )}
        {onRetry !== undefined && (
          <div class="row">
            <Button onClick={onRetry}>Try again</Button>
            {problem !== undefined && !problem.retryable && (
              <span class="small">The same will fail again until something changes.</span>
            )}
          </div>
        )}
      </div>
    </Notice>
  )
}
