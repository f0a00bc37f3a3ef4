set xrange [0.909091:70.4]
set terminal svg size 640,480 font 'sans,12'
set output 'scale.svg'
set logscale x 2
set xlabel 'vifs through one netback'
set xtics (1,2,4,8,16,32,64,128)
set grid
set multiplot layout 2,1
set ylabel '10^6 bit/s, all vifs'
set yrange [0:*]
plot 'scale.tsv' using 1:2 with linespoints pt 7 notitle
set ylabel 'share'
set yrange [0:1.05]
set key bottom left
plot 'scale.tsv' using 1:4 with linespoints pt 7 title "Jain's index", \
     '' using 1:5 with linespoints pt 6 title 'least served vif / mean'
unset multiplot
