import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'

export interface TabsProps {
  readonly label: string
  readonly tabs: readonly { readonly name: string; readonly title: string; readonly content: () => ComponentChildren }[]
}

/** One of several contents; arrow keys go from tab to tab. */
export function Tabs({ label, tabs }: TabsProps) {
  const id = useId()
  const [chosen, choose] = useState(tabs[0]?.name)
  const list = useRef<HTMLDivElement>(null)
  const at = Math.max(
    0,
    tabs.findIndex(({ name }) => name === chosen),
  )
  const move = (step: number) => {
    const next = (at + step + tabs.length) % tabs.length
    choose(tabs[next]?.name)
    list.current?.querySelectorAll('button')[next]?.focus()
  }
  return (
    <div class="stack">
      <div
        class="tabs"
        role="tablist"
        aria-label={label}
        ref={list}
        onKeyDown={event => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
          if (step !== undefined) move(step)
        }}
      >
        {tabs.map(({ name, title }, place) => (
          <button
            key={name}
            id={`${id}-${name}`}
            type="button"
            role="tab"
            class="tab"
            aria-selected={place === at}
            aria-controls={`${id}-panel`}
            tabIndex={place === at ? 0 : -1}
            onClick={() => choose(name)}
          >
            {title}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${tabs[at]?.name}`}>
        {tabs[at]?.content()}
      </div>
    </div>
  )
}
