import tempfile
import unittest
from pathlib import Path

from guestbook import create_app


class GuestbookTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        app = create_app(str(Path(directory.name) / "state" / "guestbook.db"))
        app.secret_key = "only-for-tests"
        self.client = app.test_client()

    def test_an_entry_shows_up_escaped(self):
        response = self.client.post("/entries", data={"name": "Ada", "message": "<b>hello</b>"})
        self.assertEqual(response.status_code, 303)
        page = self.client.get("/").get_data(as_text=True)
        self.assertIn("&lt;b&gt;hello&lt;/b&gt;", page)
        self.assertIn("Thank you!", page)
        self.assertEqual(self.client.get("/entries.json").get_json()[0]["name"], "Ada")

    def test_an_empty_entry_is_refused(self):
        self.assertEqual(self.client.post("/entries", data={"name": " ", "message": "x"}).status_code, 400)

    def test_health(self):
        self.assertEqual(self.client.get("/healthz").get_json(), {"status": "ok"})


if __name__ == "__main__":
    unittest.main()
