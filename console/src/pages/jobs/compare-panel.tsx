import type { CompareRequest, ParityReport } from '@hypershard/contract'
import { parityQueriesMax } from '@hypershard/contract/limits'
import { useState } from 'preact/hooks'
import { Button } from '../../parts/button.tsx'
import { NumberField, TextArea } from '../../parts/fields.tsx'
import { toldCount, toldShare } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { useSession } from '../../state/session.ts'
import { labHref } from '../lab/lab-state.ts'
import { linesIn } from './reindex-form.ts'

export interface ComparePanelProps {
  readonly index: string
  readonly generation: number
  readonly served: number | undefined
}

/** Asks a build and the served one the same queries. */
export function ComparePanel({ index, generation, served }: ComparePanelProps) {
  const { client } = useSession()
  const [text, setText] = useState('')
  const [samples, setSamples] = useState<number>()
  const [state, setState] = useState<{
    readonly running?: true
    readonly report?: ParityReport
    readonly error?: unknown
  }>({})
  const queries = linesIn(text)
  const compare = () => {
    setState({ running: true })
    const request: CompareRequest = queries.length > 0 ? { queries } : samples === undefined ? {} : { samples }
    client.compareGeneration(index, generation, request).then(
      report => setState({ report }),
      error => setState({ error }),
    )
  }
  return (
    <form
      class="stack compare"
      aria-label={`Compare generation ${generation}`}
      onSubmit={event => {
        event.preventDefault()
        if (state.running !== true) compare()
      }}
    >
      <TextArea
        label="Queries, one a line"
        value={text}
        onValue={setText}
        placeholder="Left empty, some are made of the documents"
        hint={`At most ${toldCount(parityQueriesMax)}. Shard servers load the build for this.`}
      />
      {queries.length === 0 && (
        <NumberField
          label="Queries to make of documents"
          value={samples}
          onValue={setSamples}
          min={1}
          max={parityQueriesMax}
          placeholder="50"
        />
      )}
      <div class="row">
        <Button type="submit" disabled={state.running === true}>
          {state.running ? 'Asking both…' : 'Ask both'}
        </Button>
      </div>
      <ProblemBox error={state.error} what="The comparison" />
      {state.report !== undefined && (
        <Report report={state.report} index={index} generation={generation} served={served} />
      )}
    </form>
  )
}

type ReportProps = ComparePanelProps & { readonly report: ParityReport }

function Report({ report, index, generation, served }: ReportProps) {
  return (
    <div class="stack" role="status">
      <dl class="facts">
        <dt>Queries</dt>
        <dd>{toldCount(report.queries)}</dd>
        <dt>Of the first ten hits, both have</dt>
        <dd>{toldShare(report.overlap_at_10)}</dd>
        <dt>Correlation of scores</dt>
        <dd>
          {report.score_correlation === null ? 'too few hits that both have' : report.score_correlation.toFixed(3)}
        </dd>
        <dt>Documents</dt>
        <dd>
          {toldCount(report.documents_served)} served, {toldCount(report.documents_candidate)} in generation{' '}
          {generation}
        </dd>
      </dl>
      <h4>Queries that they answer most differently</h4>
      <div class="table-frame">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Query</th>
              <th scope="col" class="right">
                Hits of both
              </th>
              <th scope="col">First, served</th>
              <th scope="col">First, generation {generation}</th>
            </tr>
          </thead>
          <tbody>
            {report.most_different.map(({ query, overlap, served: before, candidate }) => (
              <tr key={query}>
                <td>
                  <a href={labHref({ index, query, a: { generation: served }, b: { generation } })}>
                    <Shown text={query} max={200} />
                  </a>
                </td>
                <td class="right">{toldShare(overlap)}</td>
                <td>
                  <Ids ids={before} />
                </td>
                <td>
                  <Ids ids={candidate} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

function Ids({ ids }: { readonly ids: readonly string[] }) {
  return (
    <ol class="ids mono">
      {ids.map(id => (
        <li key={id}>
          <Shown text={id} max={80} />
        </li>
      ))}
    </ol>
  )
}
