const form = document.querySelector('form');
const [file, password] = form.querySelectorAll('input');
const output = form.querySelector('output');

async function list() {
  const files = await (await fetch('/api/files')).json();
  document.querySelector('ul').replaceChildren(
    ...files.map(({ name, type }) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = `/api/files/${encodeURIComponent(name)}`;
      link.textContent = name;
      item.append(link, ` (${type})`);
      return item;
    }),
  );
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const [chosen] = file.files;
  const response = await fetch(`/api/files/${encodeURIComponent(chosen.name)}`, {
    method: 'PUT',
    headers: { 'x-password': password.value },
    body: chosen,
  });
  output.textContent = response.ok ? 'Uploaded.' : (await response.json()).error;
  await list();
});

list();
