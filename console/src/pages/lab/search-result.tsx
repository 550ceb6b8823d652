import type { SearchAnswer } from '@hypershard/contract'
import { Button } from '../../parts/button.tsx'
import { Notice } from '../../parts/notice.tsx'
import { toldCount, toldMs } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { CoverageView } from './coverage-view.tsx'
import { FacetsView } from './facets-view.tsx'
import { HitList } from './hit-list.tsx'
import { rankedHits } from './hit-rows.ts'
import type { RankMove } from './rank-moves.ts'
import { type LabSearch, labHitsMax } from './use-lab-search.ts'

interface OfSearch {
  /** Of the side, where there are two. */
  readonly title: string
  readonly search: LabSearch
}

/** How an answer was found, and how complete it is; or why there is none. */
export function ResultHead({ title, search, onRetry }: OfSearch & { readonly onRetry: () => void }) {
  const { answer, error, searching } = search
  return (
    <section class="stack" aria-label={`About ${title}`} aria-busy={searching}>
      <div class="panel-head">
        <h2>{title}</h2>
        {answer !== undefined && <AnswerFacts answer={answer} />}
      </div>
      <ProblemBox error={error} what="The search" onRetry={onRetry} />
      {answer !== undefined && (
        <>
          <CoverageView coverage={answer.coverage} />
          <AnswerNotices answer={answer} />
        </>
      )}
    </section>
  )
}

/** The hits of an answer. */
export function ResultHits({ title, search, moves }: OfSearch & { readonly moves?: readonly RankMove[] }) {
  const { answer, request } = search
  if (answer === undefined) return null
  if (rankedHits(answer).length === 0) return <div class="empty">No document passes.</div>
  const query = request?.query
  const leaves = answer.leaves === undefined || query === undefined ? undefined : { paths: answer.leaves, query }
  const { sort = [], group_by: groupBy } = request ?? {}
  const fieldsFirst = [...sort.map(({ field }) => field), ...(groupBy === undefined ? [] : [groupBy.field])]
  return <HitList label={title} answer={answer} moves={moves} leaves={leaves} fieldsFirst={fieldsFirst} />
}

/** The values of fields that were to be counted. */
export function ResultFacets({ title, search: { answer } }: OfSearch) {
  return answer?.facets === undefined ? null : <FacetsView title={title} facets={answer.facets} />
}

/** Adds the next page of an answer that has one. */
export function ResultMore({ search: { answer, searching, more } }: Pick<OfSearch, 'search'>) {
  if (answer === undefined || answer.next_cursor === null) return null
  const { length } = rankedHits(answer)
  if (length >= labHitsMax) return null
  return (
    <div class="row">
      <Button onClick={more} disabled={searching}>
        {searching ? 'Loading…' : 'Next page'}
      </Button>
      <span class="small soft">{toldCount(length)} hits so far</span>
    </div>
  )
}

function AnswerFacts({ answer }: { readonly answer: SearchAnswer }) {
  const { took_ms, plan, manifest_version, cached, groups } = answer
  return (
    <div class="row small soft" role="status">
      {groups !== undefined && <span class="number">{toldCount(groups.length)} groups</span>}
      <span class="number">{toldCount(rankedHits(answer).length)} hits</span>
      <span class="number">{toldMs(took_ms)}</span>
      <span class="tag">{plan}</span>
      <span title="The version of the index that was searched">version {manifest_version}</span>
      {cached && <span class="tag accent">kept answer</span>}
    </div>
  )
}

function AnswerNotices({ answer }: { readonly answer: SearchAnswer }) {
  const { query_truncated, query_tokens, query_unknown_tokens, rerank } = answer
  return (
    <>
      {query_truncated && (
        <Notice tone="warn">The model read only the first {toldCount(query_tokens)} tokens of the query.</Notice>
      )}
      {query_unknown_tokens > 0 && (
        <Notice tone="warn">
          {toldCount(query_unknown_tokens)} of {toldCount(query_tokens)} tokens of the query say nothing to the model:
          its vocabulary does not have them.
        </Notice>
      )}
      {rerank?.reranked === true && (
        <Notice>
          {toldCount(rerank.documents)} hits are in the order of <Shown text={rerank.model.name} max={100} />
          {rerank.truncated > 0 && `; ${toldCount(rerank.truncated)} texts were longer than it reads`}.
        </Notice>
      )}
      {rerank?.reranked === false && (
        <Notice tone="warn">
          Not reranked: <Shown text={rerank.message ?? rerank.code ?? 'no reason was given'} max={500} />
        </Notice>
      )}
    </>
  )
}
