/// Ways of Swift to fail, for tests of Portcullis.
enum CrashForTests {
    static func run(_ how: String) {
        switch how {
        case "fatalError": closeSession(of: "tracker-7", port: 5_001)
        case "array": print(port(at: 7, in: [5_001, 5_002, 5_003]))
        default: break
        }
    }

    @inline(never)
    private static func closeSession(of device: String, port: Int) -> Never {
        let retries = port * 2
        fatalError("\(device) has no session after \(retries) retries")
    }

    @inline(never)
    private static func port(at index: Int, in ports: [Int]) -> Int {
        let count = ports.count
        return ports[index] + count
    }
}
