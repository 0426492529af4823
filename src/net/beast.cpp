// The one unit that carries the compiled parts of Beast and of Asio's TLS (Asio's own are in base).
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
