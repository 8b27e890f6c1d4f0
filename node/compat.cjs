module.exports = require('./compat.js');
