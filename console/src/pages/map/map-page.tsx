import { hitsMax } from '@hypershard/contract/limits'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Page, PageProps } from '../../app/page.ts'
import { Button } from '../../parts/button.tsx'
import { type Column, DataTable } from '../../parts/data-table.tsx'
import { NumberField, TextArea, TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { toldScore, toldShare } from '../../parts/numbers.ts'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { navigate } from '../../router/use-route.ts'
import { useSession } from '../../state/session.ts'
import { labHref } from '../lab/lab-state.ts'
import { useIndexFacts } from '../lab/use-index-facts.ts'
import { meaningsMax, pointsDefault, pointsMax, ranksShown } from './limits.ts'
import { type LoadedMap, loadMap, type MapPoint, sharedBest } from './load-map.ts'
import { type MapState, mapHref, meaningsOf, parseMap, queryOf } from './map-state.ts'
import { markPath, PointPlot } from './point-plot.tsx'

/** The first documents of a query in two dimensions: what the q-net sees in them, beside what one vector sees. */
function MapPage({ route }: PageProps) {
  const state = parseMap(route.parameters)
  const [round, setRound] = useState(0)
  const { map, error, progress, retry } = useMap(state, round, setRound)
  const draw = (next: MapState) => {
    const href = mapHref(next)
    if (href === mapHref(state)) retry()
    else navigate(href)
  }
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>What the q-net sees</h1>
        <p class="soft">The first documents of a query, near to each other where their vectors are.</p>
      </div>
      <MapForm key={mapHref(state)} state={state} drawing={progress !== undefined} onDraw={draw} />
      {progress !== undefined && (
        <p class="soft" role="status">
          {progress.total === 0 ? 'Searching…' : `Fetching vectors: ${progress.done} of ${progress.total}`}
        </p>
      )}
      <ProblemBox error={error} what="The map" onRetry={retry} />
      {map !== undefined && <Drawn map={map} state={state} />}
    </>
  )
}

interface Progress {
  readonly done: number
  readonly total: number
}

function useMap(state: MapState, round: number, setRound: (next: (round: number) => number) => void) {
  const { client, access } = useSession()
  const [found, setFound] = useState<{ readonly map?: LoadedMap; readonly error?: unknown }>({})
  const [progress, setProgress] = useState<Progress>()
  const { index, query, points } = state
  useEffect(() => {
    setFound({})
    if (index.trim() === '' || query.trim() === '') {
      setProgress(undefined)
      return
    }
    const ending = new AbortController()
    const { signal } = ending
    setProgress({ done: 0, total: 0 })
    const tell = (next: typeof found) => {
      if (signal.aborted) return
      setProgress(undefined)
      setFound(next)
    }
    const onProgress = (done: number, total: number) => signal.aborted || setProgress({ done, total })
    // A key with a filter is told no profile, and so no estimates.
    const wish = { signal, profile: !access.filtered, onProgress }
    loadMap(client, { index: index.trim(), query, points }, wish).then(
      map => tell({ map }),
      error => {
        tell({ error })
        ending.abort()
      },
    )
    return () => ending.abort()
  }, [client, access.filtered, index, query, points, round])
  return { ...found, progress, retry: () => setRound(now => now + 1) }
}

/** Two things that no document is about at once. */
const example: MapState = {
  index: 'sample',
  query: 'how do massive stars end\nwhy does bread dough rise',
  points: 60,
}

function MapForm({
  state,
  drawing,
  onDraw,
}: {
  readonly state: MapState
  readonly drawing: boolean
  readonly onDraw: (state: MapState) => void
}) {
  const [draft, setDraft] = useState(state)
  const facts = useIndexFacts(draft.index)
  const change = (part: Partial<MapState>) => setDraft(now => ({ ...now, ...part }))
  const ready = draft.index.trim() !== '' && meaningsOf(draft.query).length > 0
  const send = () => ready && onDraw(draft)
  return (
    <form
      class="panel"
      onSubmit={event => {
        event.preventDefault()
        send()
      }}
    >
      <div class="map-ask">
        <TextField
          label="Index or alias"
          value={draft.index}
          suggestions={facts.names}
          onValue={index => change({ index })}
        />
        <TextArea
          label="Query"
          value={draft.query}
          rows={2}
          placeholder="What to search for"
          hint={`Up to ${meaningsMax} meanings, a line each (Shift+Enter): what fits any of them is found.`}
          onValue={query => change({ query })}
          onEnter={send}
        />
        <NumberField
          label="Documents"
          value={draft.points}
          min={1}
          max={Math.min(pointsMax, hitsMax)}
          onValue={points => change({ points: Math.min(pointsMax, points ?? pointsDefault) })}
        />
        <Button type="submit" kind="primary" disabled={!ready}>
          {drawing ? 'Drawing…' : 'Draw'}
        </Button>
      </div>
      {facts.names.includes(example.index) && draft.query === '' && (
        <a href={mapHref(example)}>An example: two meanings at once, in the sample collection</a>
      )}
    </form>
  )
}

function Drawn({ map, state }: { readonly map: LoadedMap; readonly state: MapState }) {
  const { points, shares, withoutVector, meanings } = map
  const oneVector = meanings.length > 1 ? 'the mean of the meanings' : 'its tangent'
  const [chosen, choose] = useState(points[0]?.id)
  const estimated = points.every(({ estimate }) => estimate !== undefined)
  const byQNet = useMemo(
    () => points.map(({ score, rank, ...point }) => ({ ...shownOf(point), value: score, rank })),
    [points],
  )
  const byTangent = useMemo(
    () =>
      points.map(({ estimate = 0, estimateRank = 0, ...point }) => {
        return { ...shownOf(point), value: estimate, rank: estimateRank }
      }),
    [points],
  )
  if (points.length === 0) return <Notice tone="warn">No hit has a vector that can be shown.</Notice>
  const point = points.find(({ id }) => id === chosen)
  return (
    <>
      <section class="panel" aria-labelledby="map-title">
        <div class="panel-head">
          <h2 id="map-title">{points.length} documents</h2>
          <span class="soft small">
            The plane keeps {toldShare(shares[0] + shares[1])} of how their vectors differ.
          </span>
        </div>
        <Agreement points={points} oneVector={oneVector} />
        {withoutVector > 0 && (
          <Notice tone="warn">
            {withoutVector} hits are left out: they have several passages, and so no one vector, or are not indexed yet.
          </Notice>
        )}
        <div class="plots">
          <PointPlot title="By the q-net" what="score" points={byQNet} chosen={chosen} onChoose={choose} />
          {estimated && (
            <PointPlot
              title={`By one vector: ${oneVector}`}
              what="estimate"
              points={byTangent}
              chosen={chosen}
              onChoose={choose}
            />
          )}
        </div>
        {meanings.length > 1 && <Meanings meanings={meanings} />}
        {point !== undefined && <Chosen point={point} />}
        <a href={labHref({ index: state.index, query: queryOf(meanings) })}>The same query in the search lab</a>
      </section>
      <section class="panel" aria-labelledby="points-title">
        <h2 id="points-title">The same as a table</h2>
        <DataTable
          label="Documents of the map"
          columns={columnsOf(estimated, choose)}
          rows={points}
          keyOf={({ id }) => id}
        />
      </section>
    </>
  )
}

function shownOf({ id, title, x, y, meaning = 0 }: Pick<MapPoint, 'id' | 'title' | 'x' | 'y' | 'meaning'>) {
  return { id, name: title || id, x, y, mark: meaning }
}

/** Which mark stands for which meaning. */
function Meanings({ meanings }: { readonly meanings: readonly string[] }) {
  return (
    <ul class="legend">
      {meanings.map((meaning, mark) => (
        <li key={meaning}>
          <svg class="map-mark" viewBox="0 0 16 16" aria-hidden="true">
            <path d={markPath(mark, { x: 8, y: 8, size: 5 })} />
          </svg>
          <Shown text={meaning} max={80} />
        </li>
      ))}
    </ul>
  )
}

/** What the two drawings show, in words. */
function Agreement({ points, oneVector }: { readonly points: readonly MapPoint[]; readonly oneVector: string }) {
  const count = Math.min(ranksShown, points.length)
  const shared = sharedBest(points, count)
  if (shared === undefined) {
    return (
      <Notice>
        There is nothing to compare with: no tangent has ranked these documents. Shards with no more documents than are
        drawn have all of them scored by the q-net; ask for fewer.
      </Notice>
    )
  }
  const farthest = points.reduce((most, point) => (movesOf(point) > movesOf(most) ? point : most))
  return (
    <p>
      Of the best {count} by the q-net, {shared === count ? 'all' : shared} are among the best {count} by one vector,{' '}
      {oneVector}.
      {movesOf(farthest) > 0 && (
        <>
          {' '}
          Farthest apart: <Shown text={farthest.title || farthest.id} max={80} />, rank {farthest.rank} by the q-net and{' '}
          {farthest.estimateRank} by the one vector.
        </>
      )}
    </p>
  )
}

function movesOf({ rank, estimateRank = rank }: MapPoint): number {
  return Math.abs(rank - estimateRank)
}

function Chosen({ point: { id, title, text, score, rank, estimate, estimateRank } }: { readonly point: MapPoint }) {
  return (
    <div class="map-chosen" role="status">
      <h3>
        <Shown text={title || id} max={200} />
      </h3>
      <p class="small soft number">
        <Shown text={id} max={80} /> · rank {rank}, score {toldScore(score)}
        {estimate !== undefined && ` · by one vector rank ${estimateRank}, ${toldScore(estimate)}`}
      </p>
      <p>
        <Shown text={text} max={400} />
      </p>
    </div>
  )
}

function columnsOf(estimated: boolean, choose: (id: string) => void): Column<MapPoint>[] {
  return [
    { name: 'rank', title: 'Rank', right: true, sortBy: ({ rank }) => rank, cell: ({ rank }) => rank },
    ...(estimated
      ? [
          {
            name: 'estimate-rank',
            title: 'By one vector',
            right: true,
            sortBy: ({ estimateRank }: MapPoint) => estimateRank ?? 0,
            cell: ({ estimateRank }: MapPoint) => estimateRank,
          },
        ]
      : []),
    {
      name: 'document',
      title: 'Document',
      cell: ({ id, title }) => (
        <Button kind="quiet" onClick={() => choose(id)}>
          <Shown text={title || id} max={80} />
        </Button>
      ),
    },
    { name: 'score', title: 'Score', right: true, sortBy: ({ score }) => score, cell: ({ score }) => toldScore(score) },
    ...(estimated
      ? [
          {
            name: 'estimate',
            title: 'One vector',
            right: true,
            sortBy: ({ estimate }: MapPoint) => estimate ?? 0,
            cell: ({ estimate }: MapPoint) => toldScore(estimate ?? null),
          },
        ]
      : []),
  ]
}

export const mapPage: Page = {
  name: 'map',
  title: 'Map',
  need: { scope: 'read', keepsToFilter: true },
  component: MapPage,
}
