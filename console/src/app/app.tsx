import { useEffect, useMemo, useRef } from 'preact/hooks'
import { pages } from '../pages.ts'
import { ProblemBox } from '../parts/problem-box.tsx'
import { hrefOf } from '../router/hash-route.ts'
import { useRoute } from '../router/use-route.ts'
import { mayDo, type Need } from '../state/may-do.ts'
import { type Session, SessionContext } from '../state/session.ts'
import { KeyGate } from './key-gate.tsx'
import { TopBar } from './top-bar.tsx'
import { useAccess } from './use-access.ts'

/** Asks for a key where one is needed, and shows the pages that it allows. */
export function App() {
  const { client, access, error, refused, enter, leave, retry } = useAccess()
  const session = useMemo<Session | undefined>(() => {
    if (access === undefined) return undefined
    return { client, access, leave, may: (need: Need) => mayDo(access, need) }
  }, [client, access, leave])
  if (session === undefined) {
    return error === undefined ? null : (
      <main class="gate">
        <div class="panel">
          <h1>hypershard</h1>
          <ProblemBox error={error} what="The coordinator" onRetry={retry} />
        </div>
      </main>
    )
  }
  if (session.access.keys_needed && session.access.key === null) return <KeyGate refused={refused} onEnter={enter} />
  return (
    <SessionContext.Provider value={session}>
      <Pages session={session} />
    </SessionContext.Provider>
  )
}

function Pages({ session }: { readonly session: Session }) {
  const route = useRoute()
  const allowed = pages.filter(({ need }) => session.may(need))
  const page = route.page === '' ? allowed[0] : allowed.find(({ name }) => name === route.page)
  const main = useRef<HTMLElement>(null)
  useEnteredPage(page?.title ?? 'Nothing here', main)
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        To the content
      </button>
      <TopBar pages={allowed} current={page?.name} session={session} />
      <main class="page" id="content" ref={main} tabIndex={-1}>
        {page === undefined ? <NoPage name={route.page} allowed={allowed.length} /> : <page.component route={route} />}
      </main>
    </>
  )
}

/** Names the tab for the page; whoever goes to another finds himself at its heading, also without seeing it. */
function useEnteredPage(title: string, main: { readonly current: HTMLElement | null }): void {
  const first = useRef(true)
  useEffect(() => {
    document.title = `${title} · hypershard`
    if (!first.current) main.current?.querySelector('h1')?.focus()
    first.current = false
  }, [title, main])
}

function NoPage({ name, allowed }: { readonly name: string; readonly allowed: number }) {
  const why = 'It does not exist, or your key does not allow what it shows.'
  return (
    <div class="empty">
      <h1 tabIndex={-1}>{name === '' ? 'Your key allows nothing that the console shows' : 'There is no such page'}</h1>
      <p>{name === '' ? 'It needs at least the scope search or read.' : why}</p>
      {name !== '' && allowed > 0 && <a href={hrefOf('')}>To the first page</a>}
    </div>
  )
}
