import Names
import Testing

@testable import Cloud

@Suite("Services that ADMIN installs") struct InstallationTests {
    private static let digest = String(repeating: "0a", count: 32)

    private func cloud() throws -> Cloud {
        var cloud = try TestCloud.seed()
        cloud.types["mdb"] = try TestCloud.type(
            """
            type: mdb
            requires:
              labels: [db]
            actions:
              - {name: backup, command: [bin/backup], arguments: [{name: level, number: [0, 9]}]}

            """)
        for server in ["app1", "app2"] {
            cloud.servers[server]?.labels = ["db"]
            cloud.servers[server]?.drives = ["d1": "/mnt/d1", "d2": "/mnt/d2"]
        }
        return cloud
    }

    private static func installed(_ index: Int, on server: String, _ type: String = "mdb") -> ServiceInstance {
        ServiceInstance(
            type: type, index: index, server: server,
            installation: Installation(version: .manifest(digest), digest: digest))
    }

    /// The cloud after a change, settled as a write settles it.
    private func changed(_ cloud: Cloud, _ change: (inout Cloud) throws -> Void) throws -> Cloud {
        var after = cloud
        try change(&after)
        after.settleInstallations(since: cloud)
        return after
    }

    @Test("a service with data gets the drive of the fewest, then the first by name, and keeps it")
    func drives() throws {
        var cloud = try changed(cloud()) { cloud in
            for index in 1...3 { cloud.services["mdb.\(index)"] = Self.installed(index, on: "app1") }
            cloud.services["pgw.1"] = Self.installed(1, on: "app1", "pgw")
        }
        let drive = { (cloud: Cloud, name: String) in cloud.services[name]?.installation?.drive }
        #expect((1...3).map { drive(cloud, "mdb.\($0)") } == ["d1", "d2", "d1"])
        #expect(drive(cloud, "pgw.1") == nil)
        // One that is written again without its drive keeps it, and so does one that was away.
        cloud = try changed(cloud) { $0.services["mdb.2"] = Self.installed(2, on: "app1") }
        #expect(drive(cloud, "mdb.2") == "d2")
        cloud = try changed(cloud) { $0.services["mdb.2"]?.server = "app2" }
        #expect(drive(cloud, "mdb.2") == "d1")
        #expect(cloud.remains == [.init(server: "app1", service: "mdb.2"): Remains(drive: "d2")])
        cloud = try changed(cloud) { $0.services["mdb.4"] = Self.installed(4, on: "app1") }
        #expect(drive(cloud, "mdb.4") == "d2")
        cloud = try changed(cloud) { $0.services["mdb.2"]?.server = "app1" }
        #expect(drive(cloud, "mdb.2") == "d2")
        #expect(cloud.remains == [.init(server: "app2", service: "mdb.2"): Remains(drive: "d1")])
    }

    @Test("what is removed, or loses its version, leaves its remains until they are purged")
    func remains() throws {
        let before = try changed(cloud()) { cloud in
            for index in 1...2 { cloud.services["mdb.\(index)"] = Self.installed(index, on: "app1") }
        }
        var cloud = try changed(before) { cloud in
            cloud.services["mdb.1"] = nil
            cloud.services["mdb.2"]?.installation = nil
        }
        let ids = [1, 2].map { Remains.ID(server: "app1", service: "mdb.\($0)") }
        #expect(cloud.remains.keys.sorted() == ids)
        #expect(throws: ChangeError.self) { try cloud.purge("mdb.1", on: "app2") }
        #expect(throws: ChangeError.missing("server app9")) { try cloud.purge("mdb.1", on: "app9") }
        let kept = cloud
        try cloud.purge("mdb.1", on: "app1")
        #expect(cloud.remains[ids[0]]?.isPurged == true)
        let change = try #require(CloudDifference(from: kept, to: cloud).changes.first)
        #expect(change.name == "mdb.1" && change.after == "purged on app1")
        cloud = try changed(cloud) { cloud in
            for name in ["mdb.1", "mdb.2", "pgw.1"] { cloud.services[name] = nil }
            cloud.servers["app1"] = nil
        }
        #expect(cloud.remains.isEmpty)
    }

    @Test("what is to be purged stays so until it is gone: the service is refused there, and is placed elsewhere")
    func purging() throws {
        var cloud = try changed(cloud()) { $0.services["mdb.1"] = Self.installed(1, on: "app1") }
        cloud = try changed(cloud) { $0.services["mdb.1"] = nil }
        try cloud.purge("mdb.1", on: "app1")
        let id = Remains.ID(server: "app1", service: "mdb.1")
        let refusal =
            "the server app1 is to purge what mdb.1 has left there, and has not done that yet: `portcullis services "
            + "purge mdb.1 --server app1` waits for it"
        #expect(cloud.contradictions().isEmpty)
        // A service that ADMIN does not install leaves the directory alone, until it gets a version.
        let added = try changed(cloud) {
            $0.services["mdb.1"] = ServiceInstance(type: "mdb", index: 1, server: "app1")
        }
        #expect(added.contradictions().isEmpty && added.remains[id]?.isPurged == true)
        for start in [cloud, added] {
            let back = try changed(start) { $0.services["mdb.1"] = Self.installed(1, on: "app1") }
            #expect(back.contradictions().map(\.message) == [refusal])
            #expect(back.remains[id]?.isPurged == true)
        }
        let elsewhere = try changed(cloud) { $0.services["mdb.1"] = Self.installed(1, on: "app2") }
        #expect(elsewhere.contradictions().isEmpty)
        let moved = try changed(elsewhere) { $0.services["mdb.1"]?.server = "app1" }
        #expect(moved.contradictions().map(\.message) == [refusal])
        #expect(cloud.freeIndex(of: "mdb") == 2)
        #expect(try cloud.scaling("mdb", to: 2, at: nil).added.map(\.name) == ["mdb.2", "mdb.3"])
        cloud.remains[id] = nil
        #expect(cloud.freeIndex(of: "mdb") == 1)
    }

    @Test("a service that is installed is not purged, and one without a version leaves nothing")
    func present() throws {
        var cloud = try changed(cloud()) { $0.services["mdb.1"] = Self.installed(1, on: "app1") }
        #expect(throws: ChangeError.inUse("service mdb.1 is on server app1: move or remove it first")) {
            try cloud.purge("mdb.1", on: "app1")
        }
        cloud = try changed(cloud) { $0.services["pgw.1"] = nil }
        #expect(cloud.remains.isEmpty)
    }

    @Test("a drive with data cannot go, and no two have one path")
    func contradictions() throws {
        var cloud = try changed(cloud()) { $0.services["mdb.1"] = Self.installed(1, on: "app1") }
        #expect(cloud.installationContradictions().isEmpty)
        cloud.servers["app1"]?.drives = ["d2": "/mnt/d2", "d3": "/mnt/d2"]
        #expect(
            cloud.installationContradictions().map(\.message) == [
                "the drives d2 and d3 of the server app1 have the same path /mnt/d2",
                "the server app1 has no drive d1, where the data of mdb.1 is",
            ])
    }

    @Test("a service with data does not move without further ado")
    func moves() throws {
        let before = try changed(cloud()) { cloud in
            cloud.services["mdb.1"] = Self.installed(1, on: "app1")
            cloud.services["pgw.1"] = Self.installed(1, on: "app1", "pgw")
        }
        var after = before
        after.services["pgw.1"]?.server = "app4"
        try after.requireDataStays(since: before, .none)
        after.services["mdb.1"]?.server = "app2"
        #expect {
            try after.requireDataStays(since: before, .none)
        } throws: { error in
            guard case .contradiction(let faults)? = error as? ChangeError else { return false }
            return faults.count == 1 && faults[0].detail.contains("--without-data")
        }
    }

    @Test("a job is for the version that is there, is ended once, and only the newest are kept")
    func jobs() throws {
        var cloud = try changed(cloud()) { $0.services["mdb.1"] = Self.installed(1, on: "app1") }
        let request = { (service: String, kind: JobKind, name: String?, arguments: [String]) in
            JobRequest(
                service: service, kind: kind, name: name, arguments: arguments, createdBy: "ops", createdAt: "a",
                deadline: "b")
        }
        for (service, kind, name, arguments) in [
            ("pgw.1", JobKind.restart, nil, []), ("mdb.1", .restart, "backup", []), ("mdb.1", .action, nil, []),
            ("mdb.1", .action, "none", []), ("mdb.1", .action, "backup", []), ("mdb.1", .action, "backup", ["10"]),
            ("mdb.1", .tests, nil, ["x"]), ("none.1", .restart, nil, []),
        ] as [(String, JobKind, String?, [String])] {
            #expect(throws: ChangeError.self, "\(service) \(kind)") {
                try cloud.add(request(service, kind, name, arguments), nonce: 1)
            }
        }
        try cloud.add(request("mdb.1", .action, "backup", ["9"]), nonce: 0xAB)
        let job = try #require(cloud.openJobs.first)
        #expect(
            job.id == "1-000000ab" && job.serviceWork?.version == Self.digest && "\(job)" == "backup of mdb.1 on app1")
        cloud.endJob(job.id, Job.End(outcome: .failed, endedAt: "c", problem: "exit 3"))
        cloud.endJob(job.id, Job.End(outcome: .succeeded, endedAt: "d"))
        #expect(cloud.jobs[job.id]?.end?.outcome == .failed && cloud.openJobs.isEmpty)
        for nonce in 0..<UInt32(Job.kept + 5) {
            try cloud.add(request("mdb.1", .restart, nil, []), nonce: nonce)
            for job in cloud.openJobs { cloud.endJob(job.id, Job.End(outcome: .succeeded, endedAt: "d")) }
        }
        #expect(cloud.jobs.count == Job.kept && cloud.jobs[job.id] == nil)
    }

    @Test("a build is for a server with the label builder, which may send that version until the job has ended")
    func builds() throws {
        var cloud = try cloud()
        let work = Job.BuildWork(type: "mdb", version: "1.5.0", variant: "debug")
        func request(_ work: Job.BuildWork, on server: String = "app1") -> BuildRequest {
            BuildRequest(
                work: work, server: server, createdBy: "ops", createdAt: "a", deadline: "2026-01-01T01:00:00.000Z")
        }
        #expect { try cloud.add(request(work), nonce: 1) } throws: { "\($0)".contains("has no label builder") }
        cloud.servers["app1"]?.labels = ["builder"]
        #expect(throws: ChangeError.self) { try cloud.add(request(work, on: "none"), nonce: 1) }
        let unknown = Job.BuildWork(type: "none", version: "1.5.0", variant: "release")
        #expect(throws: ChangeError.self) { try cloud.add(request(unknown), nonce: 1) }
        let (before, after) = ("2026-01-01T00:59:59.000Z", "2026-01-01T01:00:00.000Z")
        #expect(!cloud.isBuilding(nil, on: "app1", at: before))
        try cloud.add(request(work), nonce: 0xAB)
        let job = try #require(cloud.openJobs.first)
        #expect(job.id == "1-000000ab" && "\(job)" == "build of mdb 1.5.0/debug on app1" && job.serviceWork == nil)
        #expect(cloud.isBuilding(nil, on: "app1", at: before) && cloud.isBuilding(work, on: "app1", at: before))
        #expect(cloud.isBuilding(nil, ofType: "mdb", on: "app1", at: before))
        #expect(!cloud.isBuilding(nil, ofType: "pgw", on: "app1", at: before))
        #expect(!cloud.isBuilding(nil, on: "app2", at: before) && !cloud.isBuilding(work, on: "app1", at: after))
        for other in [
            Job.BuildWork(type: "pgw", version: "1.5.0", variant: "debug"),
            Job.BuildWork(type: "mdb", version: "1.5.1", variant: "debug"),
            Job.BuildWork(type: "mdb", version: "1.5.0", variant: "release"),
        ] {
            #expect(!cloud.isBuilding(other, on: "app1", at: before))
        }
        var unlabelled = cloud
        unlabelled.servers["app1"]?.labels = []
        #expect(!unlabelled.isBuilding(work, on: "app1", at: before))
        cloud.settleBuilds(at: before)
        #expect(cloud.openJobs.count == 1)
        unlabelled.settleBuilds(at: before)
        let end = unlabelled.jobs[job.id]?.end
        #expect(end?.outcome == .failed && end?.problem?.contains("label builder no more") == true)
        cloud.endJob(job.id, Job.End(outcome: .succeeded, endedAt: before))
        #expect(!cloud.isBuilding(work, on: "app1", at: before))
    }
}
