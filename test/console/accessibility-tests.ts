import assert from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { evaluateTwice, evaluationRoute } from './evaluation-tests.ts'
import { mapRoute, waitForMap } from './map-tests.ts'
import { becomesTrue, type SharedConsole } from './shared-console.ts'

interface ShownPage {
  readonly name: string
  readonly route: string
  /** Has the page show all that it can. */
  readonly fill: (page: Page) => Promise<unknown>
}

/** Each page of the console, with something on it. */
const shownPages: readonly ShownPage[] = [
  {
    name: 'lab',
    route: `#/lab?${new URLSearchParams({ index: 'judged', query: 'bake dice', a: '{"plan":"exact"}', b: '{}' })}`,
    fill: page => page.getByRole('heading', { name: 'Where the time went' }).first().waitFor(),
  },
  { name: 'evaluation', route: evaluationRoute, fill: evaluateTwice },
  { name: 'map', route: mapRoute, fill: waitForMap },
]

/** Both colour schemes and both widths, each once: what a reader sees on a telephone at night, and at a desk by day. */
const surroundings = [
  { colorScheme: 'dark', width: 360, height: 740 },
  { colorScheme: 'light', width: 1_920, height: 1_080 },
] as const

interface Finding {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** What colours and widths decide; all else is the same in the second surroundings, and axe takes a second for it. */
const rulesOfSurroundings = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size']

/** Serious and critical findings, in words. */
async function findingsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) }
  const found = (await page.evaluate(
    `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
  )) as readonly Finding[]
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`),
    )
}

/** In the page: what is cut off at the right, or has the whole page scroll sideways. */
const beyondTheEdge = `document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('main *, header *')]
    .filter(one => one.getBoundingClientRect().right > innerWidth && !one.closest('.table-frame, .code, .nav, .tabs'))
    .map(one => one.outerHTML.slice(0, 120))`

/** In the page: whether the navigation shows the page that one is on. */
const currentInView = `(({ left, right }) => left >= 0 && right <= innerWidth)(
  document.querySelector('nav [aria-current]').getBoundingClientRect())`

/** In the page: what can have the focus by keyboard, in any order; of radio buttons and tabs the chosen one alone. */
const tabStops = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(one =>
  one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ checkVisibilityCSS: true }) && one.getClientRects().length > 0)`

const describeStop = `(one => one && [one.tagName, one.id, one.getAttribute('aria-label'), one.textContent?.slice(0, 40)].join(' '))`

export function accessibilityTests(shared: SharedConsole): void {
  describe('for everybody', () => {
    for (const { name, route, fill } of shownPages) {
      it(`${name}: nothing serious stands in anybody's way, and the keyboard alone gets to everything`, async () => {
        const page = await shared.open(route, surroundings[0])
        await fill(page)
        await page.evaluate(axe.source)
        await lookAt(page)
        await reachAll(page)
      })
    }

    it('so it is on the other pages of the navigation, as one comes to them', async () => {
      const page = await shared.open('#/lab', surroundings[0])
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.evaluate(axe.source)
      const links = (await page.evaluate(`[...document.querySelectorAll('nav a')].map(({ hash }) => hash)`)) as string[]
      for (const link of links.filter(hash => !shownPages.some(({ name }) => hash === `#/${name}`))) {
        await page.goto(`${shared.url}${link}`)
        // The page moves the focus to its heading when it is there.
        await becomesTrue(page, `document.activeElement?.tagName === 'H1'`)
        await becomesTrue(page, `document.querySelector('main table, main .empty, main form') !== null`)
        await lookAt(page)
        await reachAll(page)
      }
    })
  })
}

/** No serious finding, and nothing wider than the window, in either surroundings. */
async function lookAt(page: Page): Promise<void> {
  for (const [at, { colorScheme, width, height }] of surroundings.entries()) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height })
    const where = `${page.url()}, ${colorScheme}, ${width} px`
    assert.deepEqual(await findingsOf(page, at === 0 ? undefined : rulesOfSurroundings), [], where)
    assert.deepEqual(await page.evaluate(beyondTheEdge), [], `${where}: wider than the window`)
    assert.equal(await page.evaluate(currentInView), true, `${where}: the page that one is on is not in the navigation`)
  }
}

/** Goes through the page from its beginning to its end with the tab key alone. */
async function reachAll(page: Page): Promise<void> {
  const [skip, ...wanted] = (await page.evaluate(`${tabStops}.map(${describeStop})`)) as string[]
  assert.match(skip!, /To the content/)
  assert(wanted.length > 5)
  await page.evaluate(`${tabStops}[0].focus()`)
  const reached = new Set<string>()
  for (let step = 0; step < wanted.length + 5; step++) {
    await page.keyboard.press('Tab')
    const [stop, outlined] = (await page.evaluate(
      `[${describeStop}(document.activeElement), getComputedStyle(document.activeElement).outlineStyle !== 'none']`,
    )) as [string, boolean]
    if (stop.startsWith('BODY')) break
    assert(outlined, `nothing shows that the focus is on ${stop}`)
    reached.add(stop)
  }
  assert.deepEqual(
    wanted.filter(stop => !reached.has(stop)),
    [],
    'the tab key leads past it',
  )
}
