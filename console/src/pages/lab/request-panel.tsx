import type { SearchRequest } from '@hypershard/contract'
import { apiUrl } from '../../api/connect.ts'
import { CopiedCode } from '../../parts/copied-code.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { useSession } from '../../state/session.ts'
import { curlOf, pythonOf, typescriptOf } from './snippets.ts'

export interface RequestPanelProps {
  readonly index: string
  readonly request: SearchRequest
}

/** The same search from elsewhere. */
export function RequestPanel({ index, request }: RequestPanelProps) {
  const { access } = useSession()
  const parts = { url: apiUrl(), index, request, keyNeeded: access.keys_needed }
  return (
    <Tabs
      label="The request as code"
      tabs={[
        { name: 'curl', title: 'curl', content: () => <CopiedCode label="the command" text={curlOf(parts)} /> },
        {
          name: 'python',
          title: 'Python',
          content: () => <CopiedCode label="the Python code" text={pythonOf(parts)} />,
        },
        {
          name: 'typescript',
          title: 'TypeScript',
          content: () => <CopiedCode label="the TypeScript code" text={typescriptOf(parts)} />,
        },
        {
          name: 'link',
          title: 'Link',
          content: () => <CopiedCode label="the link, which has no key in it" text={location.href} />,
        },
      ]}
    />
  )
}
