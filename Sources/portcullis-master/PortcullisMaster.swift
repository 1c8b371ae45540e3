@main
struct PortcullisMaster {
    static func main() {}
}
