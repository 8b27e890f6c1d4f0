module.exports = require('./wal.js');
