// The one unit that carries the compiled parts of Beast and of Asio's TLS (Asio's own are in base).
#include <boost/asio/ssl/impl/src.hpp>

// Beast 1.81 asserts that a last chunk has come with five bytes of its end. A peer may stop after four; what follows
// the assertion waits for the rest, and nobody outside should be able to end a debug build.
#define BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>

#include <boost/beast/src.hpp>

#undef BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp> // has no guard: asserts again
