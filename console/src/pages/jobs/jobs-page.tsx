import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Page, PageProps } from '../../app/page.ts'
import { Button } from '../../parts/button.tsx'
import { ProblemBox } from '../../parts/problem-box.tsx'
import { Shown } from '../../parts/shown.tsx'
import { hrefOf } from '../../router/hash-route.ts'
import { useSession } from '../../state/session.ts'
import { useLive } from '../../state/use-live.ts'
import { whyNot } from '../../state/why-not.ts'
import { GenerationCard } from './generation-card.tsx'
import { JobsTable } from './jobs-table.tsx'
import { ReindexDialog } from './reindex-dialog.tsx'
import { JobsWatch, type SeenIndex } from './see-jobs.ts'
import { RollBackDialog } from './switch-dialogs.tsx'

/** Each look reads some files of the indexes that it asks for: builds that run are told by events meanwhile. */
const lookMs = 4_000

function JobsPage({ route }: PageProps) {
  const session = useSession()
  const asked = route.parameters.get('index') ?? undefined
  const watch = useMemo(() => new JobsWatch(session), [session.client])
  const open = useRef(asked)
  open.current = asked
  const live = useLive(signal => watch.look(signal, open.current), [watch], { everyMs: lookMs })
  const { value: seen } = live
  const chosen = chosenOf(seen ?? [], asked)
  const waiting = chosen !== undefined && chosen.jobs === undefined && chosen.error === undefined
  useEffect(() => {
    if (waiting) live.refresh()
  }, [waiting, asked])
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Jobs</h1>
        <p class="soft small">
          How far searches are behind writes, and builds of indexes beside those that are served.
        </p>
      </header>
      <ProblemBox error={live.error} what="The jobs" onRetry={live.refresh} />
      {seen === undefined && live.error === undefined && <p class="empty">Asking the coordinator…</p>}
      {seen !== undefined && (
        <section class="panel" aria-label="All indexes">
          <JobsTable seen={seen} chosen={chosen?.description.name} />
        </section>
      )}
      {chosen !== undefined && <IndexBuilds key={chosen.description.name} seen={chosen} onChange={live.refresh} />}
    </>
  )
}

/** The one that is asked for; else the first that is being built, so that a page left open at night shows it. */
function chosenOf(seen: readonly SeenIndex[], asked: string | undefined): SeenIndex | undefined {
  if (asked !== undefined) return seen.find(({ description }) => description.name === asked)
  return seen.find(({ jobs }) => jobs?.building !== undefined) ?? (seen.length === 1 ? seen[0] : undefined)
}

interface IndexBuildsProps {
  readonly seen: SeenIndex
  readonly onChange: () => void
}

/** The builds of one index, and what may be done with them. */
function IndexBuilds({ seen: { description, jobs, error }, onChange }: IndexBuildsProps) {
  const { access } = useSession()
  const [open, setOpen] = useState<'reindex' | 'rollback'>()
  const refused = whyNot(access, { scope: 'admin' })
  const { name } = description
  const close = () => setOpen(undefined)
  const shown = jobs && [jobs.served, jobs.building, ...jobs.beside].filter(one => one !== undefined)
  return (
    <section class="panel" aria-labelledby="builds-title">
      <div class="panel-head">
        <h2 id="builds-title">
          Builds of <Shown text={name} />
        </h2>
        <div class="row">
          <a href={hrefOf('indexes', { index: name })}>The index</a>
          {refused === undefined && jobs !== undefined && (
            <>
              {jobs.beside.length > 0 && <Button onClick={() => setOpen('rollback')}>Roll back</Button>}
              <Button kind="primary" onClick={() => setOpen('reindex')} disabled={jobs.building !== undefined}>
                Reindex
              </Button>
            </>
          )}
        </div>
      </div>
      {refused !== undefined && <p class="small soft">Reindexing, promoting and the like: {refused}</p>}
      {refused === undefined && jobs?.building !== undefined && (
        <p class="small soft">
          There is one build at a time: promote generation {jobs.building.generation} or give it up.
        </p>
      )}
      <ProblemBox error={error} what="The builds" onRetry={onChange} />
      {shown?.map(generation => (
        <GenerationCard
          key={generation.generation}
          index={description}
          generation={generation}
          served={jobs?.served}
          mayChange={refused === undefined}
          onChange={onChange}
        />
      ))}
      {open === 'reindex' && <ReindexDialog index={description} onDone={onChange} onClose={close} />}
      {open === 'rollback' && <RollBackDialog index={name} onDone={onChange} onClose={close} />}
    </section>
  )
}

export const jobsPage: Page = { name: 'jobs', title: 'Jobs', need: { scope: 'read' }, component: JobsPage }
