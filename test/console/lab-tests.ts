import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ClusterDescription, SearchAnswer } from '@hypershard/contract'
import { madeUpDocuments } from '@hypershard/harness/cluster'
import type { Page } from 'playwright-core'
import { becomesTrue, type SharedConsole } from './shared-console.ts'

const script = '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>'

/** Documents whose texts try what a page may fall for. */
const hostile = [
  { id: script, title: script, text: `${script} and more`, note: script },
  { id: 'rtl', title: '\u202egpj.exe', text: 'שלום עולם, זה טקסט', note: 'right to left' },
  { id: 'control', title: 'a\u0000b\u001b[31mc', text: 'null\u0000 and escape\u001b', note: '\u0007' },
  { id: 'long', title: 'x'.repeat(300_000), text: 'w'.repeat(600_000), note: 'n'.repeat(500) },
]

/** The search lab. */
export function labTests(shared: SharedConsole): void {
  describe('the search lab', () => {
    before(async () => {
      const { cluster } = shared
      const fields = { number: { type: 'number' }, tenant: { type: 'keyword' } }
      for (const name of ['lab', 'hostile']) {
        const made = await cluster.request('POST', '/v1/indexes', { name, shards: 2, fields })
        assert.equal(made.status, 201)
      }
      const documents = madeUpDocuments(1_100).map(one => ({ ...one, tenant: one.number % 2 === 0 ? 'ada' : 'bob' }))
      const words = { name: 'words', shards: 2, lexical: { analyzer: 'simple' } }
      assert.equal((await cluster.request('POST', '/v1/indexes', words)).status, 201)
      const few = documents.slice(0, 60)
      for (const [index, given] of Object.entries({ lab: documents, words: few, hostile })) {
        const put = await cluster.put(index, given)
        assert.deepEqual([put.status, put.body.failed], [200, 0])
      }
    })

    const hits = (page: Page) => page.getByRole('list', { name: 'Hits' }).getByRole('button')

    it('searches, and its link leads to the same again', async () => {
      const page = await shared.open('#/lab')
      await page.getByLabel('Index or alias').fill('lab')
      await page.getByLabel('Query').fill('bake dice')
      await page.getByLabel('Hits (k)').fill('5')
      await page.getByLabel('Query').press('Enter')
      await hits(page).nth(4).waitFor()
      assert.equal(await hits(page).count(), 5)
      // Who types goes on typing, and a link from elsewhere fills the form.
      assert.equal(await page.evaluate('document.activeElement.tagName'), 'TEXTAREA')
      const { body } = await shared.cluster.search('lab', 'bake dice', { k: 5 })
      const first = await hits(page).first().textContent()
      assert(first?.includes(body.hits[0]!.id), first ?? '')
      const link = page.url()
      assert.match(link, /#\/lab\?index=lab&query=bake\+dice&k=5$/)
      await page.evaluate(`location.hash = '#/lab?index=lab&query=fogu'`)
      await becomesTrue(page, `document.querySelector('textarea').value === 'fogu'`)
      const other = await shared.open(link.slice(link.indexOf('#')))
      await hits(other).nth(4).waitFor()
      assert.equal(await hits(other).first().textContent(), first)
      await other.getByRole('heading', { name: 'Where the time went' }).scrollIntoViewIfNeeded()
      await other.getByRole('list', { name: 'Time of each shard' }).getByText('shard 1').waitFor()
    })

    it('builds a filter of the fields of the index, and finds what passes', async () => {
      const page = await shared.open('#/lab?index=lab&query=bake')
      await hits(page).first().waitFor()
      await page.getByRole('button', { name: '+ Filter' }).click()
      await page.getByLabel('Field').fill('number')
      await page.getByLabel('Is', { exact: true }).selectOption('lt')
      await page.getByLabel('Value').fill('nine')
      await page.getByText('a number', { exact: true }).waitFor()
      await page.getByLabel('Value').fill('3')
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await page.getByText('kept out by the filter 1,097').waitFor()
      assert.equal(await hits(page).count(), 3)
      assert.match(page.url(), /filter=%7B%22field%22%3A%22number%22%2C%22lt%22%3A3%7D/)
    })

    it('counts values, orders, groups and marks words, by a link and by the code to copy too', async () => {
      const page = await shared.open('#/lab?index=lab&query=bake+dice&k=20')
      await hits(page).first().waitFor()
      await page.getByText('What is shown').click()
      await page.getByRole('button', { name: '+ Field to count' }).click()
      await page.getByRole('group', { name: 'Count values of' }).getByLabel('Field').selectOption('tenant')
      await page.getByRole('button', { name: '+ Field to order by' }).click()
      await page.getByLabel('Order', { exact: true }).selectOption('desc')
      await page.getByLabel('Best sentences').check()
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      const asked = { facets: [{ field: 'tenant' }], sort: [{ field: 'number', order: 'desc' }], highlight: {} }
      const { body } = await shared.cluster.search('lab', 'bake dice', { k: 20, ...asked })
      await page.getByRole('button', { name: 'ada 550' }).waitFor()
      await hits(page).first().getByText('1099', { exact: true }).waitFor()
      const marked = body.hits.findIndex(({ highlight }) => (highlight?.fragments.length ?? 0) > 0)
      assert(marked >= 0)
      const { text, begin, marks } = body.hits[marked]!.highlight!.fragments[0]!
      const words = marks.map(mark => text.slice(mark.begin - begin, mark.end - begin))
      assert.deepEqual((await hits(page).nth(marked).locator('mark').allTextContents()).slice(0, words.length), words)

      await page.getByRole('button', { name: 'ada 550' }).click()
      await page.getByRole('button', { name: 'ada 550', pressed: true }).waitFor()
      assert.match(page.url(), /filter=%7B%22field%22%3A%22tenant%22%2C%22equals%22%3A%22ada%22%7D/)
      await hits(page).first().getByText('1098', { exact: true }).waitFor()

      await page.getByRole('button', { name: 'ada 550' }).click()
      await hits(page).first().getByText('1099', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Order by: remove number' }).click()
      await page.getByLabel('Group by').selectOption('tenant')
      await page.getByLabel('Hits of each').fill('2')
      assert.equal(await page.getByLabel('Hits (k)').isDisabled(), true)
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      const groupBy = { field: 'tenant', hits: 2 }
      const grouped = await shared.cluster.search('lab', 'bake dice', { group_by: groupBy })
      await page.getByText('2 groups').waitFor()
      const rows = page.getByRole('list', { name: 'Hits' }).getByRole('listitem')
      const told = await rows.allTextContents()
      const expected = grouped.body.groups!.flatMap(({ value, hits: own }) => [
        String(value),
        ...own.map(({ id }) => id),
      ])
      assert.equal(told.length, expected.length)
      for (const [at, part] of expected.entries()) assert(told[at]!.includes(part), `${told[at]}: ${part}`)

      const other = await shared.open(page.url().slice(page.url().indexOf('#')))
      await other.getByText('2 groups').waitFor()
      assert.deepEqual(await other.getByRole('list', { name: 'Hits' }).getByRole('listitem').allTextContents(), told)
      const command = await other.getByRole('region', { name: 'the command' }).textContent()
      const environment = { PATH: process.env.PATH, HYPERSHARD_API_KEY: shared.keys.texts.root }
      const { stdout } = await promisify(execFile)('sh', ['-c', command!], { env: environment })
      const answer = JSON.parse(stdout) as SearchAnswer
      assert.deepEqual([answer.groups?.length, answer.facets?.[0]?.field], [2, 'tenant'])
    })

    it('composes a query of several, and says which leaf gave each hit its place', async () => {
      const page = await shared.open('#/lab?index=lab&query=bake')
      await page.getByRole('button', { name: 'Compose of several' }).click()
      const texts = page.getByLabel('Text', { exact: true })
      await page.getByRole('button', { name: '+ Text' }).click()
      await texts.nth(1).fill('dice')
      await page.getByLabel('Weight').nth(1).fill('2')
      await page.getByRole('button', { name: '+ Text' }).click()
      await texts.nth(2).fill('fogu')
      await page.getByLabel('not').nth(2).check()
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      const query = { any: ['bake', { text: 'dice', weight: 2 }, { not: 'fogu' }] }
      await page.waitForURL(
        url => new URLSearchParams(url.hash.split('?')[1]).get('expression') === JSON.stringify(query),
      )
      const { body } = await shared.cluster.request<SearchAnswer>('POST', '/v1/indexes/lab/search', { query })
      await hits(page).first().waitFor()
      const texted = ['bake', 'dice', 'fogu']
      for (const [at, { id, leaf }] of body.hits.entries()) {
        const shown = await hits(page).nth(at).textContent()
        assert(shown?.includes(id) && shown.includes(texted[leaf!]!), `${shown}: ${id} by ${leaf}`)
      }
      await hits(page).first().click()
      const scores = page.getByRole('dialog').locator('.leaf-score .number')
      assert.deepEqual(
        await scores.allTextContents(),
        body.hits[0]!.leaf_scores!.map(score => score!.toFixed(2)),
      )
      await page.getByRole('link', { name: 'Less like this' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      const like = page.getByPlaceholder('like documents')
      await like.waitFor()
      assert.equal(await like.inputValue(), body.hits[0]!.id)
      await hits(page).filter({ hasText: body.hits[1]!.id }).first().waitFor()
      assert.equal(await hits(page).getByText(body.hits[0]!.id, { exact: true }).count(), 0)
    })

    it('shows the texts of others as texts, whatever they are', async () => {
      const page = await shared.open('#/lab?index=hostile&query=anything')
      await hits(page).nth(3).waitFor()
      for (const shown of [script, '⟨U+202E⟩gpj.exe', 'a␀b␛[31mc'])
        await page.getByText(shown, { exact: true }).first().waitFor()
      await hits(page).filter({ hasText: 'xxxx' }).click()
      const drawer = page.getByRole('dialog')
      await drawer.getByRole('button', { name: 'Show all of it (585.9 KiB)' }).click()
      await drawer.getByText('www').waitFor()
      assert.equal(await drawer.locator('.hit-text').evaluate(text => text.textContent?.length), 600_000)
      await page.keyboard.press('Escape')
      await drawer.waitFor({ state: 'detached' })
      assert.equal(await page.evaluate('document.activeElement.className'), 'hit')
      assert.deepEqual(
        await page.evaluate('[document.title, document.querySelectorAll("#console img, #console script").length]'),
        ['Search lab · hypershard', 0],
      )
      // Nothing of it makes the page wider than the window.
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true)
    })

    it('shows text of a link, an index and a problem as text too', async () => {
      const page = await shared.open(
        `#/lab?index=${encodeURIComponent(script)}&query=${encodeURIComponent(script)}&k=0`,
      )
      const problem = page.getByRole('alert')
      await problem.getByText('invalid_request').waitFor()
      assert.equal(await page.title(), 'Search lab · hypershard')
      assert.equal(await page.getByLabel('Query').inputValue(), script)
    })

    it('scrolls 1,000 hits, of which only those that are seen are in the page', async () => {
      const page = await shared.open('#/lab?index=lab&query=bake&k=1000', { width: 700, height: 600 })
      await hits(page).first().waitFor()
      assert((await hits(page).count()) < 60)
      const list = page.getByRole('list', { name: 'Hits' })
      const longest = (await page.evaluate(scrollThrough)) as number
      await list.getByRole('listitem').and(page.locator('[aria-posinset="1000"]')).waitFor()
      assert((await hits(page).count()) < 60)
      assert(Number.isFinite(longest) && longest > 0)
    })

    it('puts two searches side by side, and says how each hit moved', async () => {
      const a = encodeURIComponent('{"plan":"exact"}')
      const b = encodeURIComponent('{"hybrid":{"lexical":1}}')
      const page = await shared.open(`#/lab?index=words&query=dogu&a=${a}&b=${b}`)
      const side = (name: string) => page.getByRole('list', { name }).getByRole('button')
      await side('Hits of A').first().waitFor()
      await side('Hits of B').first().waitFor()
      const ids = async (options: object) => {
        const { body } = await shared.cluster.search('words', 'dogu', options)
        return body.hits.map(({ id }) => id)
      }
      const [first, second] = [await ids({ plan: 'exact' }), await ids({ hybrid: { lexical: 1 } })]
      assert.notDeepEqual(first, second)
      const shownMoves = await side('Hits of A').locator('.hit-rank').allTextContents()
      for (const [at, id] of first.entries()) {
        const by = second.indexOf(id) < 0 ? undefined : second.indexOf(id) - at
        const told =
          by === undefined ? /only here/ : by === 0 ? /same/ : by > 0 ? new RegExp(`▲ ${by} `) : new RegExp(`▼ ${-by} `)
        assert.match(shownMoves[at]!, told, id)
      }
      assert.equal(await page.locator('.lab-moves path').count(), first.filter(id => second.includes(id)).length)
    })

    it('gives the request as code that does the same', async () => {
      const page = await shared.open('#/lab?index=lab&query=bake+dice&k=2')
      await hits(page).nth(1).waitFor()
      const command = await page.getByRole('region', { name: 'the command' }).textContent()
      const environment = { PATH: process.env.PATH, HYPERSHARD_API_KEY: shared.keys.texts.root }
      const { stdout } = await promisify(execFile)('sh', ['-c', command!], { env: environment })
      const { body } = await shared.cluster.search('lab', 'bake dice', { k: 2 })
      assert.deepEqual(
        JSON.parse(stdout).hits.map((hit: { id: string }) => hit.id),
        body.hits.map(({ id }) => id),
      )
      await page.getByRole('tab', { name: 'curl' }).press('ArrowRight')
      await page.getByRole('region', { name: 'the Python code' }).getByText('HYPERSHARD_API_KEY').waitFor()
      assert.doesNotMatch((await page.content()) + page.url(), /hs_[0-9a-f]/)
    })

    it('works with a key that may only search, and one of a tenant, and asks for no more than they may', async () => {
      const page = await shared.open('#/lab?index=lab&query=bake', { key: 'search' })
      await hits(page).first().waitFor()
      const other = await shared.open('#/lab?index=lab&query=bake', { key: 'tenant' })
      await hits(other).first().waitFor()
      await other.getByText(/scored by the q-net [1-5]?\d?\d/).waitFor()
      assert.equal(await other.getByRole('heading', { name: 'Where the time went' }).count(), 0)
    })

    it('names what is missing while a shard server is gone, and is whole again after it', async () => {
      const { cluster } = shared
      const page = await shared.open('#/lab?index=lab&query=bake&min_coverage=0')
      await hits(page).first().waitFor()
      await page.getByText('ready', { exact: true }).waitFor()
      const { body } = await cluster.request<ClusterDescription>('GET', '/v1/cluster')
      const { address } = body.servers.find(({ shards }) => shards.some(({ index }) => index === 'lab'))!
      const server = cluster.cluster.processes.find(one => one.address === address)!
      server.kill('SIGSTOP')
      await page.getByText('not ready').waitFor()
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await page.getByText(/Only \d.* was searched/).waitFor()
      await page.getByRole('region', { name: 'What is missing' }).getByText(address).first().waitFor()
      server.kill('SIGCONT')
      await page.getByText('ready', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await page.getByText(/Only \d.* was searched/).waitFor({ state: 'detached' })
    })

    it('fits a window of 360 px', async () => {
      const page = await shared.open('#/lab?index=lab&query=bake', { width: 360, height: 740 })
      await hits(page).first().waitFor()
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
    })
  })
}

/** Scrolls to the end of the hits, far at each frame, and gives the longest time between two frames. */
const scrollThrough = `new Promise(resolve => {
  let [longest, last] = [0, performance.now()]
  const step = now => {
    longest = Math.max(longest, now - last)
    last = now
    const before = scrollY
    scrollBy(0, 6_000)
    const list = document.querySelector('ol[aria-label="Hits"]').getBoundingClientRect()
    if (scrollY === before || list.bottom < innerHeight) resolve(longest)
    else requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})`
