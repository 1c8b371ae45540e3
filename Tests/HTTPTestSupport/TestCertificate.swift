/// A certificate that vouches for itself, with its key. Made for tests, and of use for nothing else.
package struct TestCertificate: Sendable {
    package let certificate: String
    package let key: String

    /// For 127.0.0.1; valid until 2126.
    package static let loopback = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBZDCCAQqgAwIBAgIBBDAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1hZG1pbi5l
            eGFtcGxlMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAwWjAYMRYwFAYD
            VQQDDA1hZG1pbi5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEtElS
            kfLAPLvMKgVI/cYSe84LO1GkMXq7wzTNQ/BhjXLCgcuedtNi54QsqCdJgkpmoiG0
            lwJXJUTrRwWUsrTHwKNDMEEwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/
            AAABMB0GA1UdDgQWBBQUe2sDZmKhWQHVz4eB4+6p6ou8wDAKBggqhkjOPQQDAgNI
            ADBFAiEA3znUgzgBMkHJgX5pw6Cf/dEwUpKc87Rci7kzkmL1p/gCIBn6dl5+WTYu
            eONreona98evpEzeg5RwpITfViU+6UzF
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg85NEGomf4yTuMRcV
            DXxqBgbwonq12SrbG88k8qQXHt+hRANCAAS0SVKR8sA8u8wqBUj9xhJ7zgs7UaQx
            ervDNM1D8GGNcsKBy55202LnhCyoJ0mCSmaiIbSXAlclROtHBZSytMfA
            -----END PRIVATE KEY-----

            """)

    /// For other.example; valid until 2126.
    package static let elsewhere = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBbTCCAROgAwIBAgIBBTAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1hZG1pbi5l
            eGFtcGxlMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAwWjAYMRYwFAYD
            VQQDDA1hZG1pbi5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8971
            8u80SFNptpDrMDfik/lAdNy75d1wf+xiPk4SwGcm7RCCvU2HbSUONR+cU8oAnGrr
            LhitSGbBXKLWCUtk26NMMEowDwYDVR0TAQH/BAUwAwEB/zAYBgNVHREEETAPgg1v
            dGhlci5leGFtcGxlMB0GA1UdDgQWBBRd0NKCNzmBl02RCy9pgDx7yxc9xTAKBggq
            hkjOPQQDAgNIADBFAiBcGycTniUHNKveOgr493hm52GnmsQuLAj/HjlhzMawBQIh
            ALo6VcWoTlIVfquHTcj5xUg0RVxd+34SZ/X8n74sgfYF
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyzBvu2pV1s5Zz7eT
            75aSqdkoNUm0qxmGxE/1TkOKAkyhRANCAATz3vXy7zRIU2m2kOswN+KT+UB03Lvl
            3XB/7GI+ThLAZybtEIK9TYdtJQ41H5xTygCcausuGK1IZsFcotYJS2Tb
            -----END PRIVATE KEY-----

            """)

    /// For 127.0.0.1; valid in January 2020.
    package static let expired = TestCertificate(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBYzCCAQigAwIBAgIBBjAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1hZG1pbi5l
            eGFtcGxlMB4XDTIwMDEwMTAwMDAwMFoXDTIwMDIwMTAwMDAwMFowGDEWMBQGA1UE
            AwwNYWRtaW4uZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDj/i5YI
            OWGq9kYXxVJsgAqI+G5fSL3MFbZDhqyoPKMzoqWtbvpwjYcTSz1Ov8kZRAyXi3yC
            2vPUdSiznDAKF1CjQzBBMA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAA
            ATAdBgNVHQ4EFgQUG4BQYtkNT5Jq9MD4GXLUevTJ6ZMwCgYIKoZIzj0EAwIDSQAw
            RgIhAOuuK0AEMn/Gd1Fsp4vFGPU+hW7P3g0KHEqU76gAHFeMAiEA9kiC0IXmrqw+
            dz9sR2RMmdpi/ao+pwHBOj/lY+qRz5A=
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAf0Rs8vq5CmEDkAF
            2WVt/xMw0GsKq6UXyzLpfM87ICmhRANCAAQ4/4uWCDlhqvZGF8VSbIAKiPhuX0i9
            zBW2Q4asqDyjM6KlrW76cI2HE0s9Tr/JGUQMl4t8gtrz1HUos5wwChdQ
            -----END PRIVATE KEY-----

            """)
}
