def test_x(train_run, simulated_dataset):
    f = train_run()
    import subprocess
    print(subprocess.run(["ls","-R",str(f)],capture_output=True,text=True).stdout)
    print((f/"metrics.json").read_text()[:3000])
    print((f/"history.csv").read_text()[:3000])
