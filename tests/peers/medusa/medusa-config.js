const { defineConfig } = require("@medusajs/framework/utils");
const { PEER_DATABASE: databaseUrl, PEER_SECRET: secret } = process.env;
const http = { storeCors: "*", adminCors: "*", authCors: "*", jwtSecret: secret, cookieSecret: secret };
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: { databaseUrl, databaseDriverOptions: { ssl: false }, http },
});
