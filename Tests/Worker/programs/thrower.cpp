// Ends by an exception that nobody catches.
#include <stdexcept>
#include <string>
#include <thread>

__attribute__((noinline)) static void open_session(int port, const std::string &device) {
    int retries = port * 2;
    throw std::runtime_error(device + " has no session after " + std::to_string(retries));
}

int main() {
    std::thread other([] { open_session(5001, "tracker"); });
    other.join();
}
