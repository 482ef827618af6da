"""Facts are read from the files of a host, and missing or odd files are facts that it does not tell."""

from pathlib import Path

from made_host import host

from gradual.doctor.host import reading
from gradual.doctor.host.facts import ClockState, GroupLimits
from gradual.doctor.host.groups import read_limits
from gradual.doctor.host.kernel_clock import state_of
from gradual_common.process.kernel_files import KernelFiles

NET = "proc/sys/net"


def test_the_network_is_read(tmp_path: Path) -> None:
    files = {
        f"{NET}/ipv4/ip_local_port_range": "32768\t60999\n",
        f"{NET}/ipv4/ip_local_reserved_ports": "8080,40000-40009,50000\n",
        f"{NET}/ipv4/tcp_tw_reuse": "2\n",
        f"{NET}/ipv4/tcp_timestamps": "1\n",
        f"{NET}/ipv6/conf/all/disable_ipv6": "1\n",
        f"{NET}/netfilter/nf_conntrack_max": "262144\n",
        "proc/net/sockstat": "sockets: used 13\nTCP: inuse 1 orphan 0 tw 42 alloc 1 mem 95\n",
    }
    facts = reading.read_network(host(tmp_path, files))
    assert (facts["ports"], facts["reserved_ports"], facts["tw_reuse"]) == ((32768, 60999), 11, 2)
    assert (facts["time_wait"], facts["has_ipv6"], facts["has_timestamps"]) == (42, False, True)
    assert (facts["tracked_max"], facts["tracked"], facts["somaxconn"]) == (262144, None, None)


def test_files_and_memory_are_read(tmp_path: Path) -> None:
    files = host(
        tmp_path,
        {
            "proc/self/limits": "Limit   Soft Limit   Hard Limit   Units\nMax open files   1024   4096   files\n",
            "proc/sys/fs/file-nr": "637\t0\t2466190\n",
            "proc/meminfo": "MemAvailable:   2000 kB\nSwapTotal:   100 kB\nSwapFree:   40 kB\nHugePages_Total: 0\n",
        },
    )
    facts = reading.read_files(files)
    assert (facts["soft_files"], facts["hard_files"], facts["open_files"]) == (1024, 4096, 637)
    assert reading.read_memory(files) == {"memory_available": 2_048_000, "swap_used": 61_440}


def test_the_processor_is_read(tmp_path: Path) -> None:
    files = {
        "proc/stat": "cpu  50 0 30 900 5 0 10 10 0 0\ncpu0 1 2 3\n",
        "proc/cpuinfo": "flags : fpu hypervisor lahf_lm\n",
        ".dockerenv": "",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
        "sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet\n",
    }
    facts = reading.read_processor(host(tmp_path, files))
    assert (facts["steal"], facts["is_virtual"], facts["container"]) == (0.1, True, "Docker")
    assert (facts["governors"], facts["clock_sources"]) == (("powersave",), ("tsc", "hpet"))
    assert facts["group"] is None


def test_the_narrowest_limit_of_a_group_and_its_parents_holds(tmp_path: Path) -> None:
    group = "sys/fs/cgroup"
    files = host(
        tmp_path,
        {
            "proc/self/cgroup": "0::/pod/app\n",
            f"{group}/cgroup.controllers": "cpu memory\n",
            f"{group}/pod/cpu.max": "150000 100000\n",
            f"{group}/pod/app/cpu.max": "max 100000\n",
            f"{group}/pod/memory.max": "max\n",
            f"{group}/pod/app/memory.max": "1000\n",
            f"{group}/pod/app/memory.current": "900\n",
            f"{group}/pod/app/memory.stat": "anon 300\ninactive_file 600\n",
            f"{group}/pod/pids.max": "100\n",
            f"{group}/pod/pids.current": "10\n",
            f"{group}/pod/app/pids.max": "max\n",
            f"{group}/pod/app/cpu.stat": "usage_usec 5\nnr_periods 200\nnr_throttled 7\n",
        },
    )
    assert read_limits(files) == GroupLimits(cores=1.5, memory_room=700, task_room=90, periods=200, throttled=7)


def test_an_empty_host_tells_nothing(tmp_path: Path) -> None:
    files = KernelFiles(tmp_path)
    assert set(reading.read_memory(files).values()) == {None}
    assert {key: value for key, value in reading.read_network(files).items() if value} == {}
    assert reading.read_files(files)["hard_files"] > 0, "by getrlimit"
    assert {key: value for key, value in reading.read_processor(files).items() if value} == {}


def test_groups_of_version_1_are_read_by_controller(tmp_path: Path) -> None:
    group = "sys/fs/cgroup"
    files = host(
        tmp_path,
        {
            "proc/self/cgroup": "8:pids:/p\n4:memory:/box\n2:cpu,cpuacct:/box/app\n1:name=systemd:/x\n0::/\n",
            f"{group}/cpu/box/cpu.cfs_quota_us": "50000\n",
            f"{group}/cpu/box/cpu.cfs_period_us": "100000\n",
            f"{group}/cpu/box/cpu.stat": "nr_periods 20\nnr_throttled 3\nthrottled_time 5\n",
            f"{group}/cpu/box/app/cpu.cfs_quota_us": "-1\n",
            f"{group}/cpu/box/app/cpu.cfs_period_us": "100000\n",
            f"{group}/memory/box/memory.limit_in_bytes": "5000\n",
            f"{group}/memory/box/memory.usage_in_bytes": "4000\n",
            f"{group}/memory/box/memory.stat": "inactive_file 1\ntotal_inactive_file 1500\n",
            f"{group}/pids/p/pids.max": "12\n",
            f"{group}/pids/p/pids.current": "15\n",
        },
    )
    assert read_limits(files) == GroupLimits(cores=0.5, memory_room=2500, task_room=0, periods=20, throttled=3)


def test_a_container_of_version_1_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/docker/abc\n2:cpu:/docker/abc\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }
    assert read_limits(host(tmp_path, files)) == GroupLimits(cores=1.5)


def test_a_clock_is_synchronised_unless_the_kernel_says_otherwise() -> None:
    assert state_of(0, 0x2001, 1500) == ClockState(True, 1500)
    assert state_of(5, 0, 1500) == ClockState(False, 1500)
    assert state_of(0, 0x40, 16_000_000) == ClockState(False, 16_000_000)
