import assert from 'node:assert/strict'
import type { IndexDescription, IndexList } from '@hypershard/contract'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments } from '@hypershard/harness/cluster'
import type { Page } from 'playwright-core'
import { focused, type SharedConsole } from './shared-console.ts'

const markup = '<img src=x onerror="document.title=\'pwned\'">'

/** The page of the indexes. */
export function indexesTests(shared: SharedConsole): void {
  describe('the page of the indexes', () => {
    const { request } = {
      request: <Body>(method: string, path: string, body?: unknown) => shared.cluster.request<Body>(method, path, body),
    }

    const dialog = (page: Page) => page.getByRole('dialog')

    before(async () => {
      const made = await request('POST', '/v1/indexes', {
        name: 'shelf',
        shards: 2,
        fields: { number: { type: 'number' }, tenant: { type: 'keyword' } },
      })
      assert.equal(made.status, 201)
      const documents = [
        ...madeUpDocuments(60).map((one, at) => ({ ...one, tenant: at < 20 ? 'ada' : 'bob' })),
        { id: markup, title: markup, text: 'bake dice', number: 1e9 },
      ]
      const put = await shared.cluster.put('shelf', documents)
      assert.deepEqual([put.status, put.body.failed], [200, 0])
    })

    it('makes an index with its fields, and deletes one whose name is typed', async () => {
      const page = await shared.open('#/indexes')
      await page.getByRole('button', { name: 'Create an index' }).click()
      await dialog(page).getByLabel('Name', { exact: true }).fill('Bad Name')
      await dialog(page).getByRole('button', { name: 'Create' }).click()
      await dialog(page).getByText('invalid_request').waitFor()
      await dialog(page).getByLabel('Name', { exact: true }).fill('fresh')
      await dialog(page).getByLabel('Shards').fill('3')
      await dialog(page).getByRole('button', { name: '+ Field' }).click()
      await dialog(page).getByRole('group').getByLabel('Name').fill('year')
      await dialog(page).getByLabel('Type').selectOption('number')
      await dialog(page).getByRole('button', { name: 'Create' }).click()
      await page.getByRole('heading', { name: /Indexes\s*\/\s*fresh/ }).waitFor()
      const { body } = await request<IndexDescription>('GET', '/v1/indexes/fresh')
      assert.deepEqual([body.shards, body.fields], [3, { year: { type: 'number', list: false } }])

      await page.getByRole('button', { name: 'Delete' }).click()
      const forGood = dialog(page).getByRole('button', { name: 'Delete for good' })
      await dialog(page).getByLabel('Type fresh to go on').fill('fres')
      assert.equal(await forGood.isDisabled(), true)
      // Nor by Enter.
      await page.keyboard.press('Enter')
      await dialog(page).getByLabel('Type fresh to go on').fill('fresh')
      await forGood.click()
      await page.getByRole('heading', { name: 'All indexes' }).waitFor()
      const left = (await request<IndexList>('GET', '/v1/indexes')).body.indexes.map(({ name }) => name)
      assert(left.includes('shelf') && !left.includes('fresh'), left.join())
    })

    it('browses documents by a filter, and opens one whose texts are markup, with its neighbours', async () => {
      const page = await shared.open('#/indexes?index=shelf')
      await page.getByRole('tab', { name: 'Documents' }).click()
      const table = page.getByRole('region', { name: 'Documents of shelf' })
      await table.getByRole('link').nth(49).waitFor()
      assert.equal(await table.getByRole('link').count(), 50)
      await page.getByRole('button', { name: 'Next page' }).click()
      await eventually(async () => (await table.getByRole('link').count()) === 11)
      await page.getByRole('button', { name: '+ Filter' }).click()
      await page.getByLabel('Is', { exact: true }).selectOption('gte')
      await page.getByLabel('Value').fill('1000000000')
      const link = table.getByRole('link', { name: markup })
      await page.getByText(/^Page 1/).waitFor()
      await eventually(async () => (await table.getByRole('link').count()) === 1)
      await link.click()
      await dialog(page).getByText('16 numbers, length 1.000').waitFor()
      const near = dialog(page).getByRole('region', { name: 'Neighbours' }).getByRole('link')
      await near.nth(9).waitFor()
      assert.equal(await near.count(), 10)
      assert.doesNotMatch(await page.title(), /pwned/)
      // From one document to the next and back to the list; the focus is where it was.
      const name = await near.first().getAttribute('href')
      await near.first().click()
      await page.waitForURL(url => url.hash === name)
      await dialog(page).getByText('16 numbers, length 1.000').waitFor()
      await dialog(page).getByRole('button', { name: 'Close' }).click()
      await page.waitForURL(url => url.hash === '#/indexes?index=shelf')
      await dialog(page).waitFor({ state: 'detached' })
      assert.equal(await focused(page), markup)
    })

    it('takes a snapshot, clones it, and lets a name stand for the clone', async () => {
      const page = await shared.open('#/indexes?index=shelf')
      await page.getByRole('tab', { name: 'Snapshots' }).click()
      await page.getByRole('button', { name: 'Take a snapshot' }).click()
      await dialog(page).getByLabel('Name').fill('first')
      await dialog(page).getByRole('button', { name: 'Take it' }).click()
      await page.getByRole('button', { name: 'Clone first' }).click()
      await dialog(page).getByLabel('Name of the new index').fill('shelf-two')
      await dialog(page).getByRole('button', { name: 'Clone' }).click()
      await page.getByRole('heading', { name: /Indexes\s*\/\s*shelf-two/ }).waitFor()
      await page.getByRole('tab', { name: 'Segments' }).click()
      await page.getByRole('region', { name: 'Segments of shelf-two' }).waitFor()
      await page.getByRole('link', { name: 'Indexes', exact: true }).first().click()
      await page.getByRole('button', { name: 'Add or move an alias' }).click()
      await dialog(page).getByLabel('Alias').fill('reading')
      await dialog(page).getByLabel('Index').fill('shelf-two')
      await dialog(page).getByRole('button', { name: 'Set' }).click()
      await page.getByRole('button', { name: 'Remove reading' }).waitFor()
      const { body } = await request<IndexDescription>('GET', '/v1/indexes/reading')
      assert.deepEqual([body.name, body.documents], ['shelf-two', 61])
    })

    it('shows a key of some indexes those and their builds, and one of a tenant his documents of them', async () => {
      const some = await shared.open('#/indexes', { key: 'some' })
      const names = some.getByRole('region', { name: 'All indexes' }).last().getByRole('row').getByRole('link')
      await names.first().waitFor()
      assert.deepEqual(await names.allTextContents(), ['shelf', 'shelf-two'])
      await some.getByRole('link', { name: 'Jobs' }).click()
      await some
        .getByRole('region', { name: 'Indexing of every index' })
        .getByRole('link', { name: 'shelf' })
        .first()
        .waitFor()

      const tenant = await shared.open('#/indexes', { key: 'tenant' })
      const own = tenant.getByRole('region', { name: 'Your documents' }).last()
      await own.getByRole('row', { name: 'lab 550 –' }).waitFor()
      assert.deepEqual(await tenant.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents(), [
        'Search lab',
        'Map',
        'Evaluation',
        'Indexes',
      ])
      await tenant.getByLabel('Index by its name').fill('shelf')
      await tenant.keyboard.press('Enter')
      await tenant.getByText('20 of its documents are yours').waitFor()
      const table = tenant.getByRole('region', { name: 'Documents of shelf' })
      await table.getByRole('link').nth(19).waitFor()
      assert.equal(await table.getByRole('link').count(), 20)
      await table.getByRole('link').first().click()
      await dialog(tenant).getByRole('region', { name: 'Neighbours' }).getByRole('link').first().waitFor()
    })

    it('offers a key that only reads nothing that it may not do, and says what that takes', async () => {
      const page = await shared.open('#/indexes?index=shelf', { key: 'read' })
      await page.getByText('Cloning and deleting: This needs a key with the scope admin.').waitFor()
      assert.equal(await page.getByRole('button', { name: /Clone|Delete/ }).count(), 0)
      await page.getByRole('tab', { name: 'Snapshots' }).click()
      await page.getByText('This needs a key with the scope admin.', { exact: true }).waitFor()
    })
  })
}
