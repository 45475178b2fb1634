declare function require(name: string): any;

const http = require("node:http");
const isNumber = require("is-number");

const port: number = 3000;
http.createServer((_request: unknown, response: any) => response.end(`built ${isNumber(port)}\n`)).listen(port);
