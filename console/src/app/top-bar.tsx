import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../parts/button.tsx'
import { Shown } from '../parts/shown.tsx'
import { hrefOf } from '../router/hash-route.ts'
import type { Session } from '../state/session.ts'
import { applyTheme, storedTheme, type Theme, themes } from '../state/theme.ts'
import type { Page } from './page.ts'
import { ReadyTag } from './ready-tag.tsx'

export interface TopBarProps {
  readonly pages: readonly Page[]
  readonly current: string | undefined
  readonly session: Session
}

export function TopBar({ pages, current, session }: TopBarProps) {
  const { key } = session.access
  const nav = useCurrentInView(current)
  return (
    <header class="bar">
      <a class="brand" href={hrefOf('')}>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="#0b5cad" />
          <path
            d="M8 23V9m0 7c5 0 5-7 16-7m-16 7c5 0 5 7 16 7M24 9v14"
            fill="none"
            stroke="#fff"
            stroke-width="2.6"
            stroke-linecap="round"
          />
        </svg>
        hypershard
      </a>
      <nav class="nav" aria-label="Pages" ref={nav}>
        {pages.map(({ name, title }) => (
          <a key={name} class="nav-link" href={hrefOf(name)} aria-current={name === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div class="bar-end">
        <ReadyTag />
        <ThemeSwitch />
        {key !== null && (
          <>
            <span class="tag" title={`Key ${key.id}: ${session.access.scopes.join(', ')}`}>
              <Shown text={key.name} max={24} />
            </span>
            <Button kind="quiet" onClick={session.leave}>
              Forget key
            </Button>
          </>
        )}
      </div>
    </header>
  )
}

/** Where the window is too narrow for all pages, their row shows the one that one is on. */
function useCurrentInView(current: string | undefined) {
  const nav = useRef<HTMLElement>(null)
  useLayoutEffect(() => {
    const show = () => {
      const row = nav.current
      const link = row?.querySelector('[aria-current]')
      if (row == null || link == null) return
      const [own, all] = [link.getBoundingClientRect(), row.getBoundingClientRect()]
      row.scrollLeft += own.left - all.left - (all.width - own.width) / 2
    }
    show()
    addEventListener('resize', show)
    return () => removeEventListener('resize', show)
  }, [current])
  return nav
}

const signs: Readonly<Record<Theme, string>> = { system: '◐', light: '☀', dark: '☾' }
const titles: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' }

/** From one to the next: as the system, light, dark. */
function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme)
  const change = () => {
    const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system'
    applyTheme(next)
    setTheme(next)
  }
  return (
    <Button kind="quiet" onClick={change} label={`Colours: ${titles[theme]}`}>
      <span aria-hidden="true">{signs[theme]}</span>
    </Button>
  )
}
