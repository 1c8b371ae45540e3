import Cloud
import JSON
import NetworkTypes
import Testing
import Text

@testable import Versions

@Suite struct ManifestTests {
    @Test("what was written reads as the same, and writes the same bytes")
    func roundTrip() throws {
        for manifest in [Samples.whole, Samples.manifest("bin/pgw"), Samples.manifest()] {
            let read = try Manifest(reading: manifest.bytes)
            #expect(read == manifest)
            #expect(read.bytes == manifest.bytes)
        }
    }

    @Test("bytes are read whatever their order and white space are, since they are signed as they are")
    func otherBytes() throws {
        let indented = try JSONIndenter.indented(Samples.whole.bytes)
        #expect(indented != Samples.whole.bytes)
        #expect(try Manifest(reading: indented) == Samples.whole)
    }

    @Test("a newer format is refused by its number alone")
    func newerFormat() {
        #expect(
            Samples.faults(Array(#"{"format": 3, "what": []}"#.utf8)) == [
                "/format: this manifest has format 3, and format 2 is the newest that is known here: upgrade this program"
            ])
        #expect(Samples.faults(Array(#"{"format": 0}"#.utf8)) == ["/format: must be 1 to 2, and is 0"])
        #expect(Samples.faults(Array(#"{"format": "1"}"#.utf8)) == [#"/format: must be 1 to 2, and is "1""#])
        #expect(Samples.faults(Array("{}".utf8)) == [#""format" is missing: this is no manifest of a version"#])
        #expect(Samples.faults(Array("[]".utf8)) == ["a manifest is a JSON object, and this is an array"])
    }

    @Test("what older programs can carry out has the format that they read")
    func formats() throws {
        var manifest = Samples.manifest("bin/pgw")
        manifest.run = RunSection(command: ["/bin/true"])
        #expect(manifest.format == 1 && Samples.whole.format == 2)
        let changes: [(inout Manifest) -> Void] = [
            { $0.run?.workers = 1 }, { $0.run?.reload = .nothing }, { $0.run?.reload = .restart },
            { $0.run?.watchdog = 9 },
            { $0.run?.inheritance = .nginx },
            { $0.listen = [.init(name: "a", transport: .tcp, ports: PortRange(80)!)] },
        ]
        for change in changes {
            var changed = manifest
            change(&changed)
            #expect(changed.format == 2)
            #expect(try Manifest(reading: changed.bytes) == changed)
            // None of it is known in format 1, but for sockets, which the program opens itself there.
            let older = Array(
                String(decoding: changed.bytes, as: UTF8.self).replacing("\"format\":2", with: "\"format\":1").utf8)
            if changed.listen.isEmpty {
                #expect(Samples.faults(older).first?.hasSuffix("is not known in format 1") == true)
            } else {
                let read = try Manifest(reading: older)
                #expect(
                    !read.isListenOpened && read.format == 1 && read.bytes == older && read.listen == changed.listen)
                #expect(VersionDifference(from: read, to: changed).sections == ["listen"])
            }
        }
        // What is not said is as before.
        let run = try #require(Manifest(reading: manifest.bytes).run)
        #expect(run.workers == 0 && run.reload == nil && run.watchdog == nil && run.inheritance == .systemd)
    }

    @Test("text that is no JSON is refused with line and column, a name given twice too")
    func noJSON() {
        #expect(
            Samples.faults(Array("{\n\"format\": 1,}".utf8)) == [
                "line 2, column 13: a name in double quotes is expected"
            ])
        #expect(
            Samples.faults(Samples.whole(#""type":"mdb""#, #""type":"mdb","type":"mdb""#))
                == [#"line 1, column 26: "type" is given twice"#])
        #expect(Samples.faults([0xFF]) == ["line 1, column 1: the text is not UTF-8"])
    }

    @Test("a manifest of more than 64 MiB is refused before it is read")
    func tooLarge() {
        let bytes = [UInt8](repeating: 0x20, count: Manifest.largest + 1)
        #expect(Samples.faults(bytes) == ["a manifest has at most 67108864 bytes, and this has 67108865"])
    }

    @Test("many files are read; more than 100,000 are refused before one is looked at")
    func manyFiles() throws {
        var manifest = Samples.manifest()
        manifest.files = (0..<3_000).map { Samples.file("d\($0 % 100)/f\($0)") }
        #expect(try Manifest(reading: manifest.bytes).files.count == 3_000)
        let zeros = Array(repeating: "0", count: Manifest.mostFiles + 1).joined(separator: ",")
        let text = #"{"format":1,"type":"t","name":"1","variant":"release","files":[\#(zeros)]}"#
        #expect(Samples.faults(Array(text.utf8)) == ["/files: has 100001 elements, and may have at most 100000"])
    }

    @Test("all faults are told, each with its place, up to 100")
    func manyFaults() {
        var manifest = Samples.manifest()
        manifest.files = (0..<150).map { Samples.file("../\($0)") }
        let faults = Samples.faults(manifest)
        #expect(faults.count == 100)
        #expect(faults[1] == #"/files/1/path: "../1" has the name "..""#)
    }

    @Test(
        "what does not fit is refused with its place",
        arguments: [
            (
                #""type":"mdb""#, #""type":"M/db""#,
                #"/type: "M/db" is no name of a type: it must start with a lower-case letter or a digit"#
            ),
            (
                #""name":"2.0.0-rc.1+7""#, #""name":"../2""#,
                #"/name: "../2" is no name of a version: 1 to 64 letters, digits and ". _ + -", starting with a letter or a digit"#
            ),
            (
                #""variant":"debug""#, #""variant":"De""#,
                #"/variant: "De" is no name of a variant: it has 1 to 32 lower-case letters, digits and "-", and does not start with "-""#
            ),
            (
                #""user":"mdb""#, #""user":"root:0""#,
                #"/user: "root:0" is no name of a user: up to 32 lower-case letters, digits, "_" and "-", starting with a letter or "_""#
            ),
            (#""user":"mdb""#, #""what":1"#, "/what: is not known in format 2"),
            (
                #""stop-signal":"INT""#, #""stop-signal":"KILL""#,
                #"/run/stop-signal: "KILL" is none of TERM, INT, QUIT, HUP, USR1, USR2, WINCH"#
            ),
            (
                #""stop-timeout":90"#, #""stop-timeout":0"#,
                "/run/stop-timeout: must be a whole number from 1 to 3600, and is 0"
            ),
            (
                #""stop-timeout":90"#, #""stop-timeout":1.5"#,
                "/run/stop-timeout: must be a whole number from 1 to 3600, and is a number"
            ),
            (
                #"{"by":"port","port":5432}"#, #"{"by":"port","port":65536}"#,
                "/run/ready/port: must be a whole number from 1 to 65535, and is 65536"
            ),
            (
                #"{"by":"port","port":5432}"#, #"{"by":"notify","port":1}"#,
                #"/run/ready/port: has no meaning beside "notify""#
            ),
            (#"{"by":"port","port":5432}"#, #"{"by":"luck"}"#, #"/run/ready/by: "luck" is none of notify, port, time"#),
            (
                #"{"by":"port","port":5432}"#, #"{"by":"time","seconds":300}"#,
                #"/run: "ready" waits longer than "start-timeout""#
            ),
            (
                #""A":"1""#, #""PORTCULLIS_X":"1""#,
                #"/run/environment/PORTCULLIS_X: "PORTCULLIS_X" starts with PORTCULLIS_, which Portcullis sets itself"#
            ),
            (
                #""A":"1""#, #""A=B":"1""#,
                #"/run/environment/A=B: "A=B" is no name of a variable: up to 128 letters, digits and "_", not starting with a digit"#
            ),
            (#""A":"1""#, #""A":"1\n2""#, #"/run/environment/A: "1\n2" has a control character"#),
            (#"["bin/mdb","--serve",""]"#, #"[]"#, "/run/command: is empty"),
            (
                #"["bin/mdb","--serve",""]"#, #"["bin/mdb","a\u0000b"]"#,
                "/run/command/1: \"a\\u{0}b\" has a byte that is 0"
            ),
            (
                #"["bin/mdb","--serve",""]"#, #"["../sh"]"#,
                #"/run/command/0: "../sh" is no path inside the service's root"#
            ),
            (
                #"["bin/mdb","--serve",""]"#, #"["/usr/../bin/sh"]"#,
                #"/run/command/0: "/usr/../bin/sh" is no path inside the service's root"#
            ),
            (
                #"["bin/mdb","--serve",""]"#, #"["bin/other"]"#,
                #"/run/command/0: "bin/other" is no file of the version"#
            ),
            (
                #"["bin/mdb","--serve",""]"#, #"["share/ä.txt"]"#,
                #"/run/command/0: "share/ä.txt" is not executable (0644)"#
            ),
            (#"["bin/mdb","--serve",""]"#, #"["bin"]"#, #"/run/command/0: "bin" is no file of the version"#),
            (#""protocol":"udp""#, #""protocol":"tcp""#, "/listen/1: tcp port 5432 is there twice"),
            (
                #""ports":"6000-6009""#, #""ports":"6009-6000""#,
                #"/listen/2/ports: "6009-6000" is no range of ports"#
            ),
            (
                #""ports":"6000-6009""#, #""ports":"6000-6009","port":1"#,
                #"/listen/2/port: has no meaning beside "ports""#
            ),
            (
                #""ports":"6000-6009""#, #""ports":"6000-6300""#,
                "/listen: 303 ports for each of 4 workers are 1212 sockets, and a service has at most 1024 sockets"
            ),
            (#""ports":"6000-6009""#, #""ports":"5430-5439""#, "/listen/2: udp port 5430-5439 is there twice"),
            (
                #""address":"2001:db8::1""#, #""address":"host""#,
                #"/listen/2/address: "host" is no IPv4 or IPv6 address"#
            ),
            (#""workers":4"#, #""workers":65"#, "/run/workers: must be a whole number from 0 to 64, and is 65"),
            (
                #"{"by":"signal","signal":"HUP"}"#, #"{"by":"restart","signal":"HUP"}"#,
                #"/run/reload/signal: has no meaning beside "restart""#
            ),
            (
                #"{"by":"signal","signal":"HUP"}"#, #"{"by":"luck"}"#,
                #"/run/reload/by: "luck" is none of signal, restart, none"#
            ),
            (#""watchdog":30"#, #""watchdog":0"#, "/run/watchdog: must be a whole number from 1 to 3600, and is 0"),
            (#""inherit":"nginx""#, #""inherit":"inetd""#, #"/run/inherit: "inetd" is none of systemd, nginx"#),
            (#""name":"stats""#, #""name":"sql""#, #"/listen/1: a socket "sql" is there twice"#),
            (#""name":"ping""#, #""name":"self""#, #"/tests/1: a test "self" is there twice"#),
            (
                #""timeout":60,"from":"node""#, #""timeout":60,"from":"outside""#,
                "/tests/0: a command is run on the service's server, not from outside"
            ),
            (#""path":"/ping""#, #""path":"ping""#, #"/tests/1/http/path: "ping" is no path that starts with "/""#),
            (#""name":"promote""#, #""name":"backup""#, #"/actions/1: an action "backup" is there twice"#),
            (
                #""words":["full","fast"],"optional":true"#, #""words":["full","fast"]"#,
                "/actions/0: the action is run at intervals, so its arguments must be optional"
            ),
            (
                #""words":["full","fast"]"#, #""words":["full","full"]"#,
                "/actions/0/arguments/0/words: must have words, each of them once"
            ),
            (
                #""words":["full","fast"]"#, #""words":["-rf"]"#,
                #"/actions/0/arguments/0/words/0: "-rf" starts with "-", as options do"#
            ),
            (
                #""number":[-1,9]"#, #""number":[9,-1]"#,
                "/actions/1/arguments/0/number: must be the lowest and the highest number"
            ),
            (
                #""number":[-1,9]"#, #""number":[-1,9],"text":3"#,
                #"/actions/1/arguments/0: has one of "words", "number" and "text""#
            ),
            (
                #"{"path":"logs"}"#, #"{"path":"/etc"}"#,
                #"/install/0/path: "/etc" is no path inside the service's root"#
            ),
            (
                #"{"path":"logs"}"#, #"{"path":"versions/x"}"#,
                #"/install/0/path: "versions/x" is where the versions are"#
            ),
            (#"{"path":"logs"}"#, #"{"path":"Current"}"#, #"/install/0/path: "Current" is where the versions are"#),
            (#""storage":"db""#, #""storage":"tape""#, #"/install/1/storage: "tape" is none of db, archive"#),
            (
                #""uninstall":["data"]"#, #""uninstall":[".."]"#,
                #"/uninstall/0: ".." is no path inside the service's root"#
            ),
            (#""schema":"sql/schema.sql""#, #""schema":"sql""#, #"/database/schema: "sql" is no file of the version"#),
            (
                #""patches":"sql/patches""#, #""patches":"bin/mdb""#,
                #"/database/patches: "bin/mdb" is no directory of the version"#
            ),
            (
                #""memory":1073741824"#, #""memory":1"#,
                "/limits/memory: must be a whole number from 1048576 to 17592186044416, and is 1"
            ),
        ])
    func refused(_ part: String, _ replacement: String, _ fault: String) {
        #expect(Samples.faults(Samples.whole(part, replacement)) == [fault])
    }
}
