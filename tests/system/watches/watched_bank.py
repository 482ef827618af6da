"""A demo bank, and a real Prometheus that scrapes it and can be stopped and started again."""

import shutil
import subprocess
import urllib.request
from pathlib import Path

from fleet_processes import free_port, stop, wait_until

SCRAPE_S = 1
PROMETHEUS = shutil.which("prometheus")


class Prometheus:
    """One server with its data in a folder, which it keeps over a restart."""

    def __init__(self, folder: Path, target: str) -> None:
        self._folder = folder
        self._address = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[str] | None = None
        scrape = f"{{job_name: bank, scrape_interval: {SCRAPE_S}s, static_configs: [{{targets: ['{target}']}}]}}"
        (folder / "prometheus.yml").write_text(f"scrape_configs: [{scrape}]\n")

    @property
    def url(self) -> str:
        return f"http://{self._address}"

    def start(self) -> None:
        assert PROMETHEUS is not None
        command = [PROMETHEUS, f"--config.file={self._folder}/prometheus.yml"]
        command += [f"--storage.tsdb.path={self._folder}/data", f"--web.listen-address={self._address}"]
        with (self._folder / "prometheus.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, text=True)
        wait_until(self._has_scraped, "Prometheus has scraped the bank")

    def _has_scraped(self) -> bool:
        try:
            query = f"{self.url}/api/v1/query?query=bank_workers&lookback_delta={SCRAPE_S + 1}s"
            with urllib.request.urlopen(query, timeout=5) as response:
                return b'"value"' in response.read()
        except OSError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process)
            self._process = None
