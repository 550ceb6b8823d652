import { hitsMax } from '@hypershard/contract/limits'
import type { Queries } from '@hypershard/evaluation/browser'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { CheckField, NumberField, TextField } from '../../parts/fields.tsx'
import { FilterBuilder } from '../lab/filter-builder.tsx'
import { SettingsForm } from '../lab/settings-form.tsx'
import { useIndexFacts } from '../lab/use-index-facts.ts'
import type { IndexWish } from './ask-index.ts'
import { type EvaluationForm, formDefaults } from './evaluation-state.ts'
import { concurrencyMax } from './limits.ts'
import type { Work } from './use-evaluation.ts'

export interface AskFormProps {
  /** What the link says; the form begins with it. */
  readonly form: EvaluationForm
  readonly queries: Queries | undefined
  readonly hasJudgements: boolean
  readonly mayMeasureRecall: boolean
  readonly work: Work
  readonly onJudge: (form: EvaluationForm, wish: IndexWish) => void
  readonly onRecall: (form: EvaluationForm, wish: IndexWish) => void
  readonly onCancel: () => void
}

/** Which index is asked, and how; what it lacks is said beside the buttons. */
export function AskForm(props: AskFormProps) {
  const { queries, hasJudgements, work, onJudge, onRecall } = props
  const [form, setForm] = useState(props.form)
  const [allowFailures, setAllowFailures] = useState(false)
  const facts = useIndexFacts(form.index)
  const change = (part: Partial<EvaluationForm>) => setForm(now => ({ ...now, ...part }))
  const { index, settings, filter, limit, concurrency } = form
  const wish: IndexWish = { index: index.trim(), settings, filter, limit, concurrency, allowFailures }
  const lacking = lackOf({ form, queries, hasJudgements })
  const busy = work.kind !== undefined
  const fields = facts.index?.fields ?? {}
  return (
    <form
      class="panel"
      onSubmit={event => {
        event.preventDefault()
        if (lacking === undefined && !busy) onJudge(form, wish)
      }}
    >
      <h2>What is asked, and how</h2>
      <div class="grid">
        <TextField
          label="Index or alias"
          value={index}
          suggestions={facts.names}
          onValue={next => change({ index: next })}
        />
        <NumberField
          label="Hits a query"
          value={limit}
          min={1}
          max={hitsMax}
          onValue={next => change({ limit: next ?? formDefaults.limit })}
        />
        <NumberField
          label="Queries at a time"
          value={concurrency}
          min={1}
          max={concurrencyMax}
          onValue={next => change({ concurrency: next ?? formDefaults.concurrency })}
        />
        <CheckField label="Count queries that fail as 0" value={allowFailures} onValue={setAllowFailures} />
      </div>
      <SettingsForm settings={settings} facts={facts} onSettings={next => change({ settings: next })} />
      <FilterBuilder
        key={JSON.stringify(Object.keys(fields))}
        fields={fields}
        words={facts.index === undefined || facts.index.lexical !== undefined}
        filter={filter}
        onFilter={next => change({ filter: next })}
      />
      <Acts {...props} wish={wish} lacking={lacking} onRecall={() => onRecall(form, wish)} />
      {busy && <Progress work={work} />}
      {work.cancelled && (
        <p class="soft" role="status">
          Cancelled: nothing of it was kept.
        </p>
      )}
    </form>
  )
}

function Acts({
  queries,
  mayMeasureRecall,
  work,
  wish,
  lacking,
  onRecall,
  onCancel,
}: Pick<AskFormProps, 'queries' | 'mayMeasureRecall' | 'work' | 'onCancel'> & {
  readonly wish: IndexWish
  /** What is missing before it can be evaluated. */
  readonly lacking: string | undefined
  readonly onRecall: () => void
}) {
  const busy = work.kind !== undefined
  return (
    <div class="row">
      <Button type="submit" kind="primary" disabled={lacking !== undefined || busy}>
        Evaluate
      </Button>
      {mayMeasureRecall && (
        <Button disabled={wish.index === '' || queries === undefined || busy} onClick={onRecall}>
          Measure recall of this plan
        </Button>
      )}
      {busy && (
        <Button kind="danger" onClick={onCancel}>
          Cancel
        </Button>
      )}
      <span class="soft small">{lacking}</span>
    </div>
  )
}

function lackOf({
  form,
  queries,
  hasJudgements,
}: {
  readonly form: EvaluationForm
  readonly queries: Queries | undefined
  readonly hasJudgements: boolean
}): string | undefined {
  if (queries === undefined) return 'Give queries above.'
  if (form.index.trim() === '') return 'Name an index.'
  return hasJudgements ? undefined : 'Without judgements only the recall of a plan can be measured.'
}

function Progress({ work: { kind, progress } }: { readonly work: Work }) {
  const { done, total } = progress ?? { done: 0, total: 0 }
  const what = kind === 'recall' ? 'Searching with the plan, then exactly' : 'Asking the judged queries'
  return (
    <div class="evaluation-progress">
      <progress max={Math.max(1, total)} value={done} aria-label={what} />
      <span class="number">
        {what}: {done} of {total || '…'}
      </span>
    </div>
  )
}
