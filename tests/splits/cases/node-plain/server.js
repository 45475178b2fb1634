const fs = require("node:fs");
const http = require("node:http");
const isNumber = require("is-number");

http
  .createServer((request, response) => {
    response.end(`${isNumber(process.env.PORT)} ${fs.readFileSync("views/page.txt", "utf8")}`);
  })
  .listen(process.env.PORT);
