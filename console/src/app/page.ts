import type { ComponentType } from 'preact'
import type { HashRoute } from '../router/hash-route.ts'
import type { Need } from '../state/may-do.ts'

export interface PageProps {
  readonly route: HashRoute
}

/** A page of the console, as its own folder says it. */
export interface Page {
  /** Its route: `lab` is `#/lab`. */
  readonly name: string
  /** In the navigation and in the title of the tab. */
  readonly title: string
  /** Who lacks this has no such page. */
  readonly need: Need
  readonly component: ComponentType<PageProps>
}
