import { parseJudgements, parseQueries } from '@hypershard/evaluation/browser'
import { useState } from 'preact/hooks'
import type { Page, PageProps } from '../../app/page.ts'
import { TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { toldCount, toldMs } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { AskForm } from './ask-form.tsx'
import { type EvaluationForm, evaluationHref, parseEvaluation } from './evaluation-state.ts'
import type { EvaluationState, Given } from './evaluation-store.ts'
import { GivenText } from './given-text.tsx'
import { metricsFrom, noticesOf, type ToJudge } from './judge-kept.ts'
import type { KeptRun } from './kept-run.ts'
import { MetricsTable } from './metrics-table.tsx'
import { QueriesTable } from './queries-table.tsx'
import { RecallResult } from './recall-result.tsx'
import { RunChooser } from './run-chooser.tsx'
import { evaluations, useAsking, useEvaluations, useJudged } from './use-evaluation.ts'

/** Measures how well an index ranks, by queries with judgements, as `hypershard eval` does; files never leave the tab. */
function EvaluationPage({ route }: PageProps) {
  const { may } = useSession()
  const { form, faults } = parseEvaluation(route.parameters)
  const state = useEvaluations()
  const [chosenId, choose] = useState<string>()
  const [otherId, chooseOther] = useState('')
  const chosen = state.runs.find(({ id }) => id === chosenId) ?? state.runs[0]
  const other = state.runs.find(({ id }) => id === otherId && id !== chosen?.id)
  const { work, recall, judge, measureRecall, cancel } = useAsking(run => {
    // What was judged before is what one wants to compare with.
    if (chosen !== undefined) chooseOther(other?.id ?? chosen.id)
    choose(run.id)
  })
  const remember = (next: EvaluationForm) => navigate(evaluationHref(next), { replace: true })
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Evaluation</h1>
        <p class="soft">Measure how well an index ranks, by queries whose relevant documents are known.</p>
      </div>
      {faults.map(fault => (
        <Notice key={fault} tone="warn">
          {fault}
        </Notice>
      ))}
      <Inputs state={state} />
      <AskForm
        form={form}
        queries={state.queries?.content.queries}
        hasJudgements={state.judgements !== undefined}
        mayMeasureRecall={may({ scope: 'search' })}
        work={work}
        onCancel={cancel}
        onJudge={(next, wish) => {
          remember(next)
          judge(wish, { ...state.queries!.content, judgements: state.judgements!.content })
        }}
        onRecall={(next, wish) => {
          remember(next)
          measureRecall(wish, state.queries!.content)
        }}
      />
      <ProblemBox error={work.error} what="The evaluation" />
      {recall !== undefined && <RecallResult measured={recall} />}
      <RunChooser runs={state.runs} chosen={chosen} other={other} onChoose={choose} onOther={chooseOther} />
      {chosen !== undefined && <Judged state={state} chosen={chosen} other={other} form={form} onForm={remember} />}
    </>
  )
}

function Inputs({ state: { queries, judgements } }: { readonly state: EvaluationState }) {
  return (
    <section class="panel" aria-labelledby="given-title">
      <h2 id="given-title">Queries and judgements</h2>
      <div class="evaluation-inputs">
        <GivenText
          label="Queries"
          hint={'JSONL with "_id" and "text", or id, tab, text. Plain or gzip.'}
          placeholder={'q1\twhy do stars twinkle'}
          told={queries && toldGiven(queries, queries.content.queries.size, 'queries')}
          onGiven={async source => {
            const { queries: texts, expressions, facts } = await parseQueries(source)
            if (texts.size === 0) throw new Error(`${source.path} has no queries in it`)
            evaluations.give({ queries: { name: source.path, content: { queries: texts, expressions }, facts } })
          }}
        />
        <GivenText
          label="Judgements"
          hint="TREC qrels with four columns, or BEIR TSV with its header. Plain or gzip."
          placeholder="q1 0 document-7 2"
          told={judgements && toldGiven(judgements, judgements.content.size, 'judged queries')}
          onGiven={async source => {
            const { judgements: content, facts } = await parseJudgements(source)
            if (content.size === 0) throw new Error(`${source.path} has no judgements in it`)
            evaluations.give({ judgements: { name: source.path, content, facts } })
          }}
        />
      </div>
      <p class="small soft">They stay in this tab, and are gone when it is closed.</p>
    </section>
  )
}

/** What was read, and what of it was not taken word for word. */
function toldGiven({ name, facts }: Given<unknown>, count: number, what: string): string {
  const { duplicates, comments, gradesNormalised, gradesBelowZero } = facts
  const parts = [
    [comments, 'comments'],
    [duplicates, 'lines that stand twice'],
    [gradesNormalised, 'grades such as 1.0'],
    [gradesBelowZero, 'grades below 0'],
  ] as const
  const told = parts.filter(([number]) => number > 0).map(([number, words]) => `${toldCount(number)} ${words}`)
  return `${toldCount(count)} ${what} of ${name}${told.length === 0 ? '' : `, with ${told.join(', ')}`}.`
}

/** The chosen run by the judgements, beside the other. */
function Judged({
  state: { judgements, queries },
  chosen,
  other,
  form,
  onForm,
}: {
  readonly state: EvaluationState
  readonly chosen: KeptRun
  readonly other: KeptRun | undefined
  readonly form: EvaluationForm
  readonly onForm: (form: EvaluationForm) => void
}) {
  const [text, setText] = useState(form.metrics)
  const limit = chosen.asked?.limit ?? Number.POSITIVE_INFINITY
  const wanted = toJudge({ judgements, queries, chosen, other }, text, limit)
  const { judged, error, working } = useJudged(typeof wanted === 'string' ? undefined : wanted)
  const notices =
    judged === undefined || judgements === undefined
      ? []
      : noticesOf(judged, { judgements: judgements.content, queries: queries?.content.queries }, chosen.asked)
  return (
    <section class="panel" aria-labelledby="result-title" aria-busy={working}>
      <div class="panel-head">
        <h2 id="result-title">
          <Shown text={chosen.name} max={120} />
          {other !== undefined && (
            <span class="soft">
              {' '}
              against <Shown text={other.name} max={120} />
            </span>
          )}
        </h2>
        {chosen.asked !== undefined && (
          <span class="soft small">
            {toldCount(chosen.run.size)} queries in {toldMs(chosen.asked.tookMs)}
          </span>
        )}
      </div>
      <TextField
        label="Metrics"
        value={text}
        error={typeof wanted === 'string' ? wanted : undefined}
        hint="nDCG, MRR, MAP and Recall, with a depth or without."
        onValue={next => {
          setText(next)
          onForm({ ...form, metrics: next })
        }}
      />
      <ProblemBox error={error} what="Judging" />
      {notices.map(notice => (
        <Notice key={notice} tone="warn">
          {notice}
        </Notice>
      ))}
      {judged !== undefined && (
        <>
          <MetricsTable judged={judged} name={chosen.name} otherName={other?.name} />
          {other !== undefined && (
            <p class="small soft">
              p: how often chance alone makes a difference as large (paired randomisation test, two-sided). Coloured
              changes have p below 0.05.
            </p>
          )}
          <h3>Query by query</h3>
          <QueriesTable judged={judged} run={chosen} other={other} expressions={queries?.content.expressions} />
        </>
      )}
    </section>
  )
}

/** @returns what there is to judge, or what is wrong with the metrics; undefined without judgements */
function toJudge(
  {
    judgements,
    queries,
    chosen,
    other,
  }: Pick<EvaluationState, 'judgements' | 'queries'> & {
    readonly chosen: KeptRun
    readonly other: KeptRun | undefined
  },
  metrics: string,
  limit: number,
): ToJudge | string | undefined {
  if (judgements === undefined) return undefined
  try {
    return {
      run: chosen.run,
      other: other?.run,
      judgements: judgements.content,
      queries: queries?.content.queries,
      metrics: metricsFrom(metrics, limit),
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export const evaluationPage: Page = {
  name: 'evaluation',
  title: 'Evaluation',
  need: { scope: 'search', keepsToFilter: true },
  component: EvaluationPage,
}
