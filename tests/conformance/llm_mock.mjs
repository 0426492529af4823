// A third party's mock of every LLM vendor (npm @copilotkit/aimock) that answers $CONTENT to whatever it understands.
// Prints its address.
import { LLMock } from '@copilotkit/aimock'

const mock = new LLMock({ port: 0, host: '127.0.0.1' })
mock.addFixture({ match: { predicate: () => true }, response: { content: process.env.CONTENT } })
await mock.start()
console.log(mock.url)
