import path from 'node:path';
import { createApp } from './app.js';
import { LinkStore } from './store.js';

const port = Number(process.env.PORT ?? 3000);
const dataDir = process.env.DATA_DIR ?? 'data';

const store = await new LinkStore(path.join(dataDir, 'links.json')).load();
const server = createApp({ store, token: process.env.ADMIN_TOKEN });
server.listen(port, () => console.log(`shortlinks listening on ${server.address().port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => server.close(() => process.exit(0)));
}
