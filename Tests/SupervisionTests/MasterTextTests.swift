import Testing

@testable import Supervision

@Suite("Texts of the master") struct MasterTextTests {
    @Test("sockets of the command line")
    func listen() throws {
        let range = try ListenSpecification("devices=udp:[::1]:5000-5010")
        #expect(range.name == "devices" && range.transport == .udp && range.address == "::1" && range.isIPv6 == true)
        #expect(range.ports == 5_000...5_010)
        let all = try ListenSpecification("http=tcp:8080")
        #expect(all.address == nil && all.ports == 8_080...8_080)
        for text in [
            "http", "http=8080", "http=sctp:1", "=tcp:1", "a:b=tcp:1", "a=tcp:65536", "a=tcp:9-8", "a=tcp:::1:80",
            "a=tcp:[::1:80", "a=tcp:[1.2.3]:80", "a=tcp:host:80", "a=tcp:", "a=tcp:1-2-3",
        ] {
            #expect(throws: UsageError.self, "\(text)") { try ListenSpecification(text) }
        }
    }

    @Test("names of stored descriptors are read as they were written, and have no colon")
    func stored() {
        let names: [StoredName] = [
            .listen(SocketName(name: "a.b-c", port: 80), number: 2), .process(.ready, number: 0, generation: 7),
            .process(.crashed, number: 64, generation: 70_000), .crash(number: 1, generation: 2),
            .control(number: 1, generation: 2), .output(number: 3, generation: 4), .log, .notify, .keeper,
        ]
        for name in names { #expect(StoredName(name.text) == name && !name.text.utf8.contains(UInt8(ascii: ":"))) }
        for text in ["", "listen/a/80", "ready/1", "late/1/2", "notify/1/2", "listen/a/b/1"] {
            #expect(StoredName(text) == nil, "\(text)")
        }
    }

    @Test("messages of workers")
    func messages() {
        let message = NotifyMessage("READY=1\nSTATUS=a\u{202E}b\nOTHER=1\nWATCHDOG=1".utf8)
        #expect(message.isReady && message.isAlive && !message.hangs && message.status == "a?b")
        let long = NotifyMessage(("STATUS=" + String(repeating: "é", count: 300)).utf8).status
        #expect(long?.utf8.count == 256)
        #expect(ControlMessage("HELLO 1 1.2 config") == .hello(takesConfiguration: true))
        #expect(ControlMessage("HELLO 1 1.2") == .hello(takesConfiguration: false))
        #expect(ControlMessage("HELLO 2 1.2") == nil && ControlMessage("LUA x") == nil)
        #expect(ControlMessage("CONFIG-REFUSED line 3: x") == .configurationRefused("line 3: x"))
    }

    @Test("the record of the crash part")
    func crash() {
        var bytes = [UInt8](repeating: 0, count: 448)
        func put<Number: FixedWidthInteger>(_ number: Number, _ offset: Int) {
            withUnsafeBytes(of: number) { bytes.replaceSubrange(offset..<(offset + $0.count), with: $0) }
        }
        put(UInt32(0x3152_4350), 0)
        put(UInt32(448), 4)
        put(Int32(17), 8)
        put(Int32(18), 12)
        put(Int32(11), 16)
        put(Int32(-1), 20)
        put(UInt64(0xDEAD), 32)
        put(UInt64(0xBEEF), 40)
        let report = WorkerCrash(pid: 17, thread: 18, signal: 11, code: -1, address: 0xDEAD, pc: 0xBEEF)
        #expect(WorkerCrash(bytes) == report)
        #expect(WorkerCrash(Array(bytes[..<63])) == nil && WorkerCrash([1] + bytes) == nil)
    }

    @Test(
        "the file about a failed worker is read as it was written", arguments: [WorkerEnd.exited(3), .killed(9), nil])
    func crashFile(end: WorkerEnd?) {
        let report = WorkerCrash(pid: 17, thread: 18, signal: 11, code: -1, address: .max, pc: 0xBEEF)
        let record = CrashRecord(
            number: 2, generation: 7, process: ProcessIdentity(pid: 17, start: 5), kind: .crashed, end: end,
            report: end == nil ? report : nil, at: 0, isParked: end == nil)
        let file = record.file(id: "0123456789abcdef01234567", program: "/bin/tg")
        #expect(file.signal == (end == nil ? 11 : end == .killed(9) ? 9 : nil))
        #expect(file.exit == (end == .exited(3) ? 3 : nil))
        #expect(file.thread == record.report?.thread && file.address == record.report?.address)
        #expect(file.pc == record.report?.pc && file.code == record.report?.code)
        #expect(CrashFile(file.bytes) == file)
        #expect(CrashFile(Array("{}".utf8)) == nil && CrashFile([]) == nil)
    }

    @Test("times in UTC")
    func times() {
        #expect(WallTime.text(0) == "1970-01-01T00:00:00Z")
        #expect(WallTime.text(951_782_399) == "2000-02-28T23:59:59Z")
        #expect(WallTime.text(951_782_400) == "2000-02-29T00:00:00Z")
        #expect(WallTime.text(4_102_444_799) == "2099-12-31T23:59:59Z")
        #expect(WallTime.text(-1) == "1969-12-31T23:59:59Z")
    }

    @Test("identifiers of failures are told apart by boot, service, process and generation")
    func identifiers() {
        func identifier(_ boot: String, _ service: String, _ pid: Int, _ generation: Int) -> String {
            CrashRecord.identifier(
                boot: boot, service: service, process: ProcessIdentity(pid: pid, start: 5), generation: generation)
        }
        let all = [
            identifier("b", "s", 1, 1), identifier("c", "s", 1, 1), identifier("b", "t", 1, 1),
            identifier("b", "s", 2, 1), identifier("b", "s", 1, 2),
        ]
        #expect(Set(all).count == 5 && all.allSatisfy { $0.utf8.count == 24 })
        #expect(identifier("b", "s", 1, 1) == all[0])
    }

    @Test("a worker's environment has the master's own, without what was told to the master")
    func environment() {
        var settings = SimulatedHost.settings(workers: 2)
        settings.inherit = .nginx
        settings.watchdog = 1_500
        settings.configuration = "/c"
        let made = WorkerEnvironment(
            settings: settings,
            inherited: [
                "PATH=/bin", "LISTEN_FDS=9", "NOTIFY_SOCKET=/k", "PORTCULLIS_CONFIG=/old",
                "ASAN_OPTIONS=detect_leaks=1",
            ])
        let variables = made.variables(number: 2, notify: "/n")
        for variable in [
            "PATH=/bin", "LISTEN_FDS=1", "LISTEN_FDNAMES=http", "NGINX=3;", "NOTIFY_SOCKET=/n", "PORTCULLIS_WORKER=2",
            "PORTCULLIS_CRASH_FD=4", "PORTCULLIS_CONTROL_FD=5", "WATCHDOG_USEC=1500000", "PORTCULLIS_CONFIG=/c",
            "SWIFT_BACKTRACE=enable=no", "ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_leaks=1",
            "PORTCULLIS_SERVICE=pgw.1",
        ] {
            #expect(variables.contains(variable), "\(variable)")
        }
        #expect(Set(variables.map { $0.prefix { $0 != "=" } }).count == variables.count)
        #expect(!made.variables(number: 0, notify: "/n").contains { $0.hasPrefix("PORTCULLIS_WORKER=") })
        settings.listen = []
        let without = WorkerEnvironment(settings: settings, inherited: []).variables(number: 2, notify: "/n")
        #expect(!without.contains { $0.hasPrefix("LISTEN_FD") } && without.contains { $0.hasPrefix("LISTEN_PID=") })
    }
}
